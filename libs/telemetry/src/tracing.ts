import { trace, type Tracer } from '@opentelemetry/api';

/** The spans of one process, whichever services it has. */
export interface Tracing {
  /** For the spans of one service: `service.name` tells it. */
  tracer(service: string): Tracer;
  /** Sends what is left, and ends. */
  stop(): Promise<void>;
}

const untraced: Tracing = {
  tracer: () => trace.getTracer('podway'),
  stop: () => Promise.resolve(),
};

/**
 * Begins to trace, or not: without an endpoint nothing is loaded, and what would be traced costs next to nothing.
 * @param endpoint as OTEL_EXPORTER_OTLP_ENDPOINT has it: `/v1/traces` is added.
 */
export async function startTracing(endpoint: string | undefined): Promise<Tracing> {
  if (endpoint === undefined) return untraced;
  const { startOtlpTracing } = await import('./otlp-tracing.js');
  return startOtlpTracing(endpoint);
}
