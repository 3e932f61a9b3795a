import { once } from 'node:events';
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MetricsRegistry } from '@podway/telemetry';
import { observedRequests } from './observed-requests.js';

describe('observedRequests', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  let exporter: InMemorySpanExporter;
  let registry: MetricsRegistry;
  let server: Server;
  let answer: (request: IncomingMessage & { route?: object }, response: ServerResponse) => void;
  beforeEach(async () => {
    exporter = new InMemorySpanExporter();
    registry = new MetricsRegistry({ ofProcess: false });
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const telemetry = { metrics: registry.of('ingress-gateway'), tracer: provider.getTracer('test') };
    const handler = observedRequests(telemetry, { handle: (request, response) => answer(request, response) });
    server = createServer((request, response) => handler.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/pods/secret-name`;
  const requests = async (): Promise<string[]> =>
    (await registry.text()).split('\n').filter((line) => line.startsWith('podway_http_requests_total{'));

  it('counts and traces by route, not by path, below the caller’s span', async () => {
    answer = (request, response) => {
      request.route = { path: '/v1/pods/:id' };
      response.writeHead(404).end();
    };
    await fetch(url(), { headers: { traceparent } });
    await expect
      .poll(requests)
      .toEqual([
        'podway_http_requests_total{service="ingress-gateway",method="GET",route="/v1/pods/:id",status="404"} 1',
      ]);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'GET /v1/pods/:id',
      attributes: { 'http.route': '/v1/pods/:id', 'http.response.status_code': 404 },
      parentSpanContext: { spanId: traceparent.slice(36, 52) },
      status: { code: 0 },
    });
    expect(JSON.stringify(span?.attributes)).not.toContain('secret-name');
  });

  it.each(['PROPFIND', 'PURGE'])('%s and its kin are one', async (method) => {
    answer = (_, response) => void response.writeHead(405).end();
    const sent = ask(url(), { method }).end();
    await once(sent, 'response');
    await expect
      .poll(requests)
      .toEqual([expect.stringContaining('method="other",route="none",status="405"') as string]);
  });

  it('counts what was never answered', async () => {
    answer = (request) => void request.socket.destroy();
    await expect(fetch(url())).rejects.toThrow();
    await expect.poll(requests).toEqual([expect.stringContaining('status="none"') as string]);
    expect(exporter.getFinishedSpans()[0]?.status.code).toBe(2);
  });
});
