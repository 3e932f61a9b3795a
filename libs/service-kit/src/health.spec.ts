import { afterEach, describe, expect, it } from 'vitest';
import type { INestApplication } from '@nestjs/common';
import { pino } from 'pino';
import { MetricsRegistry } from '@podway/telemetry';
import { listenForHealth, type Readiness } from './health.js';

describe('health', () => {
  let app: INestApplication | undefined;
  afterEach(() => app?.close());

  async function get(path: string, check: Readiness['check']): Promise<Response> {
    app = await listenForHealth(check, { host: '127.0.0.1', port: 0 }, pino({ level: 'silent' }));
    return fetch(`${await app.getUrl()}${path}`);
  }

  it.each([
    ['ready', () => true],
    ['not ready', () => false],
    ['broken', () => Promise.reject(new Error('database gone'))],
  ])('/livez answers as long as the process does: %s', async (_, check) => {
    const response = await get('/livez', check);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it.each([
    ['true', () => true, 200, 'ok'],
    ['a promise of true', async () => true, 200, 'ok'],
    ['false', () => false, 503, 'not ready'],
    ['a promise of false', async () => false, 503, 'not ready'],
    ['a rejection', () => Promise.reject(new Error('database gone')), 503, 'not ready'],
    [
      'an exception',
      () => {
        throw new Error('database gone');
      },
      503,
      'not ready',
    ],
  ])('/readyz says whether the service can work: %s', async (_, check, status, told) => {
    const response = await get('/readyz', check);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ status: told });
  });

  it('/metrics has what was counted, for Prometheus', async () => {
    const registry = new MetricsRegistry();
    registry.of('verifier').count('podway_messages_published_total', { type: 'a' });
    const at = { host: '127.0.0.1', port: 0 };
    app = await listenForHealth(() => true, at, pino({ level: 'silent' }), registry);
    const response = await fetch(`${await app.getUrl()}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('podway_messages_published_total{service="verifier",type="a"} 1');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('tells nothing about itself and answers nothing else', async () => {
    const response = await get('/', () => true);
    expect(response.status).toBe(404);
    expect(response.headers.has('x-powered-by')).toBe(false);
  });
});
