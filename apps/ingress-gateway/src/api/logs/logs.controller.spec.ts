import { request as httpRequest, type IncomingMessage } from 'node:http';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogLine, LogPage } from '@podway/contracts';
import { ApiKeys, Logs, type NewLogLine } from '@podway/persistence';
import { insertDeployment } from '../../../test/deployments.js';
import { startGateway, type TestGateway } from '../../../test/gateway.js';
import type { ApiListener } from '../api-listener.js';

let gateway: TestGateway;
let another: ApiListener;
let acme: string;
let logs: Logs;
let deployment: string;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_EVENTS_HEARTBEAT_MS: '200' });
  another = await gateway.anotherApi();
  acme = await gateway.key('acme', 'viewer');
  logs = new Logs(gateway.dataSource);
});
afterAll(async () => {
  await another.close();
  await gateway.close();
});
beforeEach(async () => {
  deployment = (await insertDeployment(gateway.dataSource, { state: 'Installing' })).id;
});

const line = (index: number, changes: Partial<NewLogLine> = {}): NewLogLine => ({
  ...{ server: 'web1', step: 'Installing', part: 'site', run: 0, line: index, level: 'info' },
  ...{ text: `line ${index}`, at: new Date('2026-03-02T09:12:30.123Z') },
  ...changes,
});
const write = (lines: readonly NewLogLine[], id = deployment): Promise<void> =>
  logs.append({ deploymentId: id, client: 'acme', pod: 'shop' }, lines);
const finish = (id = deployment): Promise<unknown> =>
  gateway.dataSource.query(
    `update coordinator.deployments set state = 'Succeeded', leased = false, finished_at = now() where id = $1`,
    [id],
  );
const range = (to: number, from = 1): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('pages', () => {
  const page = async (query = '', key = acme): Promise<LogPage> => {
    const path = `/v1/deployments/${deployment}/logs${query}`;
    return (await request(gateway.api).get(path).set('Authorization', `Bearer ${key}`).expect(200)).body;
  };
  const numbers = async (query: string): Promise<number[]> =>
    (await page(query)).lines.map(({ number }) => number);

  it('give the lines as they are', async () => {
    await write([line(0, { text: '<b>ä</b>', level: 'warning' })]);
    const at = '2026-03-02T09:12:30.123Z';
    const of = { server: 'web1', step: 'Installing', part: 'site', run: 0, line: 0 };
    expect(await page()).toEqual({
      lines: [{ ...of, number: 1, at, level: 'warning', text: '<b>ä</b>' }],
    });
  });

  it('follow each other to the end', async () => {
    await write(range(7).map((index) => line(index)));
    const seen: number[] = [];
    let after: number | undefined = 0;
    for (; after !== undefined;) {
      const { lines, next }: LogPage = await page(`?after=${after}&limit=3`);
      seen.push(...lines.map(({ number }) => number));
      after = next;
    }
    expect(seen).toEqual(range(7));
  });

  it('have what was asked for', async () => {
    await write([
      line(0, { server: 'web2' }),
      line(1, { level: 'error', text: '100% Full' }),
      line(2, { step: 'Verifying' }),
    ]);
    expect(await numbers('?server=web2')).toEqual([1]);
    expect(await numbers('?level=warning')).toEqual([2]);
    expect(await numbers('?step=Verifying')).toEqual([3]);
    expect(await numbers('?search=0%25%20full')).toEqual([2]);
    expect(await numbers('?search=%25')).toEqual([2]);
    expect(await numbers('')).toEqual([1, 2, 3]);
  });

  it.each(['limit=0', 'limit=2001', 'after=-1', 'level=fatal', 'step=Dreaming', 'search=', 'server=A'])(
    'refuse %s',
    async (query) => {
      const path = `/v1/deployments/${deployment}/logs?${query}`;
      await request(gateway.api).get(path).set('Authorization', `Bearer ${acme}`).expect(422);
    },
  );
});

interface Reader {
  readonly text: () => string;
  /** Numbers of the lines, in order of arrival. */
  readonly numbers: () => number[];
  /** The last id that was told. */
  readonly cursor: () => string | undefined;
  readonly response: IncomingMessage;
  readonly ended: Promise<void>;
  leave(): void;
}

async function follow(
  query = '',
  { key = acme, port, lastEventId }: { key?: string; port?: number; lastEventId?: string } = {},
): Promise<Reader> {
  const api = port === undefined ? gateway.api : `http://127.0.0.1:${port}`;
  const outgoing = httpRequest(`${api}/v1/deployments/${deployment}/logs/stream${query}`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  });
  outgoing.on('error', () => undefined).end();
  const response = await new Promise<IncomingMessage>((resolve) => outgoing.on('response', resolve));
  let text = '';
  response
    .setEncoding('utf8')
    .on('data', (part: string) => (text += part))
    .on('error', () => undefined);
  // What was cut in its middle is not an event.
  const whole = (): string => text.slice(0, text.lastIndexOf('\n\n') + 2);
  return {
    text: () => text,
    numbers: () =>
      [...whole().matchAll(/^data: (\{"number".*)$/gm)].map(
        ([, data = '']) => (JSON.parse(data) as LogLine).number,
      ),
    cursor: () => [...whole().matchAll(/^id: (\d+)$/gm)].at(-1)?.[1],
    response,
    ended: new Promise((resolve) => response.on('close', () => resolve())),
    leave: () => outgoing.destroy(),
  };
}

describe('a stream', () => {
  it('gives two readers every line once, one of whom is cut again and again, from either gateway', async () => {
    const steady = await follow();
    let connections = 0;
    // No faster than the reader is cut: each connection finds a hundred lines more.
    const turn = (n: number): Promise<unknown> =>
      vi.waitUntil(() => connections >= Math.floor(n / 5), { timeout: 60_000, interval: 2 });
    const writers = ['web1', 'web2'].map(async (server) => {
      for (let n = 0; n < 30; n += 1) {
        await turn(n);
        await write(range(10).map((index) => line(10 * n + index, { server })));
      }
    });
    const writing = Promise.all(writers).then(() => finish());
    const seen: number[] = [];
    for (let over = false; !over; connections += 1) {
      const port = connections % 2 === 0 ? another.port : undefined;
      const cut = await follow('', {
        ...(port === undefined ? {} : { port }),
        ...(seen.length === 0 ? {} : { lastEventId: String(seen.at(-1)) }),
      });
      const enough = seen.length + 40;
      await expect
        .poll(() => seen.length + cut.numbers().length >= enough || cut.text().includes('event: end'), {
          timeout: 10_000,
          interval: 5,
        })
        .toBe(true);
      over = cut.text().includes('event: end');
      cut.leave();
      seen.push(...cut.numbers());
    }
    await writing;
    await steady.ended;
    expect(connections).toBeGreaterThan(5);
    expect(seen).toEqual(range(600));
    expect(steady.numbers()).toEqual(range(600));
    expect(steady.text().trimEnd()).toMatch(/event: end\ndata: \{"state":"Succeeded"\}$/);
  });

  it('tells where it stands, also when nothing passes the filter', async () => {
    await write([line(0), line(1, { level: 'error' }), line(2)]);
    const reader = await follow('?level=error&after=2');
    expect(reader.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    await expect.poll(reader.cursor).toBe('3');
    await write([line(3), line(4, { level: 'error' })]);
    await expect.poll(reader.numbers).toEqual([5]);
    await expect.poll(reader.text).toContain(': alive');
    reader.leave();
  });

  it('of what is over gives all and ends', async () => {
    await write(range(450).map((index) => line(index)));
    await finish();
    const reader = await follow('?after=100');
    await reader.ended;
    expect(reader.numbers()).toEqual(range(450, 101));
    expect(reader.text()).toContain('event: end');
  });

  it('goes on after Last-Event-ID, and refuses one that is none', async () => {
    await write(range(3).map((index) => line(index)));
    await finish();
    const reader = await follow('?after=0', { lastEventId: '2' });
    await reader.ended;
    expect(reader.numbers()).toEqual([3]);
    expect((await follow('', { lastEventId: 'x' })).response.statusCode).toBe(400);
  });

  it('ends when the key is revoked', async () => {
    const key = await gateway.key('acme', 'viewer');
    const reader = await follow('', { key });
    await new ApiKeys(gateway.dataSource).revoke(key.slice(3, 15));
    await reader.ended;
    expect(reader.response.complete).toBe(true);
    expect(reader.text()).not.toContain('event: end');
  });

  it('lives through a restart of the database', async () => {
    await write([line(0)]);
    const reader = await follow();
    await expect.poll(reader.numbers).toEqual([1]);
    await gateway.postgres.restart();
    const written = (): Promise<boolean> =>
      write([line(1)]).then(
        () => true,
        () => false,
      );
    await expect.poll(written, { timeout: 10_000 }).toBe(true);
    await expect.poll(reader.numbers, { timeout: 15_000 }).toEqual([1, 2]);
    reader.leave();
  }, 40_000);

  it('ends when the gateway stops', async () => {
    const stopping = await gateway.anotherApi();
    const reader = await follow('', { port: stopping.port });
    await stopping.close();
    await reader.ended;
    expect(reader.response.complete).toBe(true);
  });
});
