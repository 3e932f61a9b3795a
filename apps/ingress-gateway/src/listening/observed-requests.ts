import type { IncomingMessage } from 'node:http';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextOf, type Telemetry } from '@podway/telemetry';
import type { RequestHandler } from './listener.js';

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Counts, measures and traces requests to the API, by the template of their route and never by their path. */
export function observedRequests({ metrics, tracer }: Telemetry, inner: RequestHandler): RequestHandler {
  return {
    handle(request, response) {
      const startedAt = performance.now();
      const method = METHODS.has(request.method ?? '') ? (request.method ?? '') : 'other';
      const parent = contextOf(traceOf(request));
      const attributes = { 'http.request.method': method };
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
      response.once('close', () => {
        const route = routeOf(request);
        const status = response.headersSent ? response.statusCode : 0;
        metrics.count('podway_http_requests_total', { method, route, status: statusLabel(status) });
        metrics.observe(
          'podway_http_request_duration_seconds',
          { route },
          (performance.now() - startedAt) / 1_000,
        );
        span.updateName(`${method} ${route}`);
        span.setAttributes({
          'http.route': route,
          ...(status === 0 ? {} : { 'http.response.status_code': status }),
        });
        if (status === 0 || status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
      context.with(trace.setSpan(parent, span), () => inner.handle(request, response));
    },
    ...(inner.upgrade ? { upgrade: inner.upgrade.bind(inner) } : {}),
  };
}

function statusLabel(status: number): string {
  return status === 0 ? 'none' : String(status);
}

function traceOf({ headers }: IncomingMessage): string | undefined {
  const { traceparent } = headers;
  return typeof traceparent === 'string' ? traceparent : undefined;
}

/** Express leaves the route that it took with the request. */
function routeOf(request: IncomingMessage & { route?: { path?: unknown } }): string {
  const path = request.route?.path;
  return typeof path === 'string' ? path : 'none';
}
