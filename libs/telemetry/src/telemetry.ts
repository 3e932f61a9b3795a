import { trace, type Tracer } from '@opentelemetry/api';
import { MetricsRegistry, type Metrics } from './metrics.js';

/** What a service tells about its work. */
export interface Telemetry {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/** Measures into a registry that nobody reads, and traces nothing. */
export function unwatched(service = 'unwatched'): Telemetry {
  return {
    metrics: new MetricsRegistry({ ofProcess: false }).of(service),
    tracer: trace.getTracer('podway'),
  };
}
