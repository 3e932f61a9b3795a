import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { ApiKeys } from '@podway/persistence';
import { asyncApiProblems } from '@podway/testing/asyncapi';
import { appendChange, numberEvents } from '../../../test/deployments.js';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let acme: string;
let operator: string;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_EVENTS_HEARTBEAT_MS: '200' });
  acme = await gateway.key('acme', 'viewer');
  operator = await gateway.key('*', 'operator');
});
afterAll(() => gateway.close());
beforeEach(() => gateway.dataSource.query('truncate coordinator.event_log'));

const subject = (client = 'acme', pod = 'shop', id = ulid()) => ({ id, updateId: ulid(), client, pod });

/** Appends and numbers this many events. */
async function happen(count: number, of = subject()): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await appendChange(gateway.dataSource, of, { to: 'Queued', cause: 'PodResolved' });
  }
  await numberEvents(gateway.dataSource);
}

interface Reader {
  readonly text: () => string;
  /** Ids of the events with data, in order of arrival. */
  readonly ids: () => number[];
  readonly response: IncomingMessage;
  readonly ended: Promise<void>;
  leave(): void;
}

async function read(
  query = '',
  { key = operator, lastEventId }: { key?: string; lastEventId?: string } = {},
): Promise<Reader> {
  const outgoing = httpRequest(`${gateway.api}/v1/events${query}`, {
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
  return {
    text: () => text,
    ids: () =>
      [...text.matchAll(/^id: (\d+)\n(?:event: resync\n)?data: /gm)].map((match) => Number(match[1])),
    response,
    ended: new Promise((resolve) => response.on('close', () => resolve())),
    leave: () => outgoing.destroy(),
  };
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

it('replays from a sequence, then follows', async () => {
  await happen(5);
  const reader = await read('?after=2');
  expect(reader.response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  await expect.poll(reader.ids).toEqual([3, 4, 5]);
  await happen(2);
  await expect.poll(reader.ids).toEqual([3, 4, 5, 6, 7]);
  const [, data] = /^data: (.*)$/m.exec(reader.text()) ?? [];
  expect(JSON.parse(data ?? '')).toMatchObject({
    specversion: '1.0',
    type: 'io.podway.deployment.changed.v1',
    sequence: '3',
    subject: 'acme/shop',
  });
  for (const [, event = ''] of reader.text().matchAll(/^data: (.*)$/gm))
    expect(asyncApiProblems(JSON.parse(event))).toEqual([]);
  reader.leave();
});

it('goes on after Last-Event-ID, whatever the query says', async () => {
  await happen(4);
  const reader = await read('?after=0', { lastEventId: '3' });
  await expect.poll(reader.ids).toEqual([4]);
  reader.leave();
});

it('begins with what comes from now on', async () => {
  await happen(3);
  const reader = await read();
  await expect.poll(reader.text).toContain('retry:');
  await happen(1);
  await expect.poll(reader.ids).toEqual([4]);
  reader.leave();
});

it('loses and repeats nothing over many reconnections while events go on', async () => {
  const total = 600;
  const writing = (async () => {
    for (let n = 0; n < total / 20; n += 1) await happen(20);
  })();
  const seen: number[] = [];
  while (seen.length < total) {
    const reader = await read('?after=0', seen.length === 0 ? {} : { lastEventId: String(seen.at(-1)) });
    const enough = 1 + Math.floor(Math.random() * 150);
    await expect
      .poll(() => reader.ids().length >= Math.min(enough, total - seen.length), {
        interval: 5,
        timeout: 20_000,
      })
      .toBe(true);
    reader.leave();
    seen.push(...reader.ids());
  }
  await writing;
  expect(seen).toEqual(range(1, total));
}, 60_000);

it('waits for a slow reader instead of reading ahead', async () => {
  await happen(1500);
  const reader = await read('?after=0');
  reader.response.pause();
  await new Promise((resolve) => setTimeout(resolve, 300));
  reader.response.resume();
  await expect.poll(() => reader.ids().length, { timeout: 20_000 }).toBe(1500);
  expect(reader.ids()).toEqual(range(1, 1500));
  reader.leave();
}, 60_000);

it('answers HEAD with the head of the stream, and ends', async () => {
  const answer = await fetch(`${gateway.api}/v1/events`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${operator}` },
    signal: AbortSignal.timeout(5_000),
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
});

describe('filters', () => {
  it.each([
    ['?after=0&pod=shop', [1, 3]],
    ['?after=0&pod=blog', [2]],
    ['?after=0&type=io.podway.deployment.changed.v1', [1, 2, 3]],
    ['?after=0&type=io.podway.step.progressed.v1,io.podway.deployment.changed.v1', [1, 2, 3]],
  ])('%s', async (query, expected) => {
    await happen(1);
    await happen(1, subject('acme', 'blog'));
    await happen(1);
    const reader = await read(query);
    await expect.poll(reader.ids).toEqual(expected);
    reader.leave();
  });

  it('by deployment', async () => {
    const one = subject();
    await happen(1);
    await happen(2, one);
    const reader = await read(`?after=0&deployment=${one.id}`);
    await expect.poll(reader.ids).toEqual([2, 3]);
    reader.leave();
  });

  it('by what the caller may see, always', async () => {
    await happen(1, subject('rival', 'other'));
    await happen(1);
    const reader = await read('?after=0', { key: acme });
    await expect.poll(reader.ids).toEqual([2]);
    await happen(1, subject('rival', 'other'));
    await happen(1);
    await expect.poll(reader.ids).toEqual([2, 4]);
    expect(reader.text()).not.toContain('rival');
    reader.leave();
    const asked = await read('?after=0&pod=other', { key: acme });
    await expect.poll(asked.text).toContain(': alive');
    expect(asked.ids()).toEqual([]);
    asked.leave();
  });

  it('by client, within what the caller may see', async () => {
    await happen(1, subject('rival', 'other'));
    await happen(1);
    const ofRival = await read('?after=0&client=rival');
    await expect.poll(ofRival.ids).toEqual([1]);
    ofRival.leave();
    const foreign = await read('?after=0&client=rival', { key: acme });
    await expect.poll(foreign.text).toContain(': alive');
    expect(foreign.ids()).toEqual([]);
    foreign.leave();
  });

  it('move the cursor past what they leave out', async () => {
    const reader = await read('?after=0&pod=quiet');
    await happen(7);
    await expect.poll(reader.text).toContain(': alive\nid: 7');
    reader.leave();
  });
});

it('shows them as CDEvents, the place in the log with the last that an event makes', async () => {
  await appendChange(gateway.dataSource, subject(), { to: 'Authenticating', cause: 'UpdateSubmitted' });
  await numberEvents(gateway.dataSource);
  const reader = await read('?after=0&format=cdevents');
  await expect.poll(reader.ids).toEqual([1]);
  const types = [...reader.text().matchAll(/^(id: \d+\n)?data: (.*)$/gm)].map(([, id, data = '']) => [
    ...[id?.trim(), (JSON.parse(data) as { type: string }).type],
  ]);
  expect(types).toEqual([
    [undefined, 'dev.cdevents.pipelinerun.started.0.2.0'],
    ['id: 1', 'dev.cdevents.taskrun.started.0.2.0'],
  ]);
  reader.leave();
});

describe('resync', () => {
  it('tells a cursor that is ahead of the log', async () => {
    await happen(3);
    const reader = await read('', { lastEventId: '99' });
    await expect
      .poll(reader.text)
      .toContain('id: 3\nevent: resync\ndata: {"reason":"cursor-ahead","continuesAfter":3}');
    await happen(1);
    await expect.poll(reader.ids).toEqual([3, 4]);
    reader.leave();
  });

  it('tells a cursor whose next events are gone', async () => {
    await happen(5);
    await gateway.dataSource.query('delete from coordinator.event_log where sequence <= 3');
    const reader = await read('?after=1');
    await expect.poll(reader.text).toContain('"reason":"cursor-too-old","continuesAfter":5');
    reader.leave();
    const fine = await read('?after=3');
    await expect.poll(fine.ids).toEqual([4, 5]);
    fine.leave();
    // Whoever has seen nothing begins with what is there.
    const newcomer = await read('?after=0');
    await expect.poll(newcomer.ids).toEqual([4, 5]);
    expect(newcomer.text()).not.toContain('resync');
    newcomer.leave();
  });
});

it.each(['x', '-1', '1.5', '1e3', '9'.repeat(20)])('refuses Last-Event-ID %s', async (lastEventId) => {
  const reader = await read('', { lastEventId });
  expect(reader.response.statusCode).toBe(400);
});

it('lives through a restart of the database', async () => {
  await happen(1);
  const reader = await read('?after=0');
  await expect.poll(reader.ids).toEqual([1]);
  await gateway.postgres.restart();
  await expect
    .poll(
      async () =>
        happen(1).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    )
    .toBe(true);
  await expect.poll(() => reader.ids().at(-1), { timeout: 15_000 }).toBeGreaterThanOrEqual(2);
  reader.leave();
}, 40_000);

it('ends when the key is revoked', async () => {
  const key = await gateway.key('acme', 'viewer');
  const reader = await read('', { key });
  await new ApiKeys(gateway.dataSource).revoke(key.slice(3, 15));
  await reader.ended;
  expect(reader.response.complete).toBe(true);
});

it('does not keep a gateway that stops, although readers come back over kept connections', async () => {
  const stopping = await gateway.anotherApi();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let streams = 0;
  let refused = false;
  const reading = (async () => {
    while (!refused) {
      await new Promise<void>((resolve) => {
        const outgoing = httpRequest(`http://127.0.0.1:${stopping.port}/v1/events?after=0`, {
          agent,
          headers: { authorization: `Bearer ${operator}` },
        });
        outgoing.on('response', (response) => {
          streams += 1;
          response.resume().on('close', () => resolve());
        });
        outgoing.on('error', () => {
          refused = true;
          resolve();
        });
        outgoing.end();
      });
    }
  })();
  await expect.poll(() => streams).toBe(1);
  await stopping.close();
  await reading;
  agent.destroy();
});

it('ends cleanly when the gateway stops, and goes on from there with the next', async () => {
  await happen(2);
  const reader = await read('?after=0');
  await expect.poll(reader.ids).toEqual([1, 2]);
  await gateway.restartApi();
  await reader.ended;
  expect(reader.response.complete).toBe(true);
  await happen(1);
  const next = await read('', { lastEventId: '2' });
  await expect.poll(next.ids).toEqual([3]);
  next.leave();
});
