import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Tracing } from './tracing.js';

/** Spans are sent this long after they have ended, at the latest. */
const SEND_EVERY_MS = 1_000;
const STOP_TIMEOUT_MS = 3_000;

/** Sends spans by OTLP over HTTP. The one module that loads the SDK: nobody else needs it. */
export function startOtlpTracing(endpoint: string): Tracing {
  // One for the process: it carries the span at work through callbacks and promises.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const providers = new Map<string, BasicTracerProvider>();
  const provider = (service: string): BasicTracerProvider => {
    const known = providers.get(service);
    if (known) return known;
    const made = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.namespace': 'podway',
        'service.name': service,
      }),
      spanProcessors: [
        new BatchSpanProcessor(new OTLPTraceExporter({ url }), { scheduledDelayMillis: SEND_EVERY_MS }),
      ],
    });
    providers.set(service, made);
    return made;
  };
  return {
    tracer: (service) => provider(service).getTracer('podway'),
    async stop() {
      const ended = Promise.allSettled([...providers.values()].map((one) => one.shutdown()));
      const late = new Promise<void>((resolve) => setTimeout(resolve, STOP_TIMEOUT_MS).unref());
      await Promise.race([ended, late]);
      context.disable();
    },
  };
}
