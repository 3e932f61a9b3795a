import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Envelope, PodwayError } from '@podway/contracts';
import {
  eventStream,
  hangUp,
  json,
  problem,
  scriptedServer,
  type ScriptedServer,
} from '../test/scripted-server.js';
import { Podway } from './podway.js';
import { ApiError, PackError, UnreachableError, WaitEndedError } from './sdk.errors.js';

let server: ScriptedServer;
let podway: Podway;
beforeAll(async () => {
  server = await scriptedServer();
  podway = new Podway({ url: `${server.url}/`, key: 'pw_k', retry: { attempts: 4, firstDelayMs: 5 } });
});
afterAll(() => server.close());

const update = { id: 'U', deploymentId: 'D', client: 'acme', pod: 'shop', source: { kind: 'artifact' } };
const accepted = json(202, update);

describe('calls', () => {
  it('carry the key and the query', async () => {
    server.script(json(200, { deployments: [{ id: 'D' }] }));
    expect(await podway.deployments({ pod: 'shop', limit: 2 })).toEqual([{ id: 'D' }]);
    expect(server.asked[0]).toMatchObject({ method: 'GET', url: '/v1/deployments?pod=shop&limit=2' });
    expect(server.asked[0]?.headers.authorization).toBe('Bearer pw_k');
  });

  it('escape what they put into a path', async () => {
    server.script(json(200, {}));
    await podway.pod('../x y');
    expect(server.asked[0]?.url).toBe('/v1/pods/..%2Fx%20y');
  });

  it('reject with the code, status and problems of a refusal', async () => {
    server.script(problem(422, 'INPUT.INVALID', { problems: ['a: b'] }));
    const error = await podway.pods().catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 'INPUT.INVALID',
      status: 422,
      retryable: false,
      details: { problems: ['a: b'] },
    });
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ['another kind of answer', json(404, {})],
    ['a code that is none', problem(404, 'no code')],
  ])('reject for %s', async (_, answer) => {
    server.script(answer);
    await expect(podway.pods()).rejects.toMatchObject({ code: 'SDK.UNEXPECTED_ANSWER', status: 404 });
  });

  it.each([
    ['503', problem(503, 'SERVICE.UNAVAILABLE')],
    ['502', json(502, {})],
    ['a broken connection', hangUp],
  ])('that are safe are made again after %s', async (_, away) => {
    server.script(away, away, json(200, { pods: [] }));
    expect(await podway.pods()).toEqual([]);
    expect(server.asked).toHaveLength(3);
  });

  it('give up after the attempts', async () => {
    server.script(hangUp);
    await expect(podway.pods()).rejects.toThrow(UnreachableError);
    expect(server.asked).toHaveLength(4);
  });

  it('that are not safe are made once', async () => {
    server.script(problem(503, 'SERVICE.UNAVAILABLE'));
    await expect(podway.createKey({ client: 'acme', role: 'viewer' })).rejects.toMatchObject({ status: 503 });
    await expect(podway.abort('D')).rejects.toMatchObject({ status: 503 });
    expect(server.asked).toHaveLength(2);
  });

  it('end with the signal of all of them, also while they wait for the next attempt', async () => {
    for (const answer of [() => undefined, hangUp]) {
      const end = new AbortController();
      server.script(answer);
      const ended = new Podway({ url: server.url, key: 'k', signal: end.signal }).pods();
      const told = expect(ended).rejects.toMatchObject({ name: 'AbortError' });
      await expect.poll(() => server.asked.length).toBe(1);
      end.abort();
      await told;
      expect(server.asked).toHaveLength(1);
    }
  });

  it('tell where nobody answers', async () => {
    const nobody = new Podway({ url: 'http://127.0.0.1:9', key: 'k', retry: { attempts: 1 } });
    const error = await nobody.pods().catch((one: unknown) => one);
    expect(error).toMatchObject({ code: 'SDK.UNREACHABLE', retryable: true });
    expect((error as Error).message).toContain('http://127.0.0.1:9');
  });
});

describe('publish', () => {
  it('repeats the same bytes under the same key until it is accepted', async () => {
    server.script(hangUp, problem(503, 'SERVICE.UNAVAILABLE'), accepted);
    let streams = 0;
    const bundle = (): ReadableStream<Uint8Array> => {
      streams += 1;
      return new Blob(['the bundle']).stream();
    };
    const published = await podway.publish(bundle, { pod: 'shop', label: 'a b' });
    expect(published).toMatchObject({ deploymentId: 'D', replayed: false, update });
    expect(streams).toBe(3);
    expect(server.asked.map((one) => one.body.toString())).toEqual([
      'the bundle',
      'the bundle',
      'the bundle',
    ]);
    expect(new Set(server.asked.map((one) => one.headers['idempotency-key'])).size).toBe(1);
    expect(server.asked[0]?.url).toBe('/v1/updates?pod=shop&label=a+b');
  });

  it('takes bytes and blobs, and a key of the caller', async () => {
    server.script(json(202, update, { 'idempotency-replayed': 'true' }));
    const published = await podway.publish(new TextEncoder().encode('x'), { idempotencyKey: 'mine' });
    expect(published.replayed).toBe(true);
    await podway.publish(new Blob(['y']), { idempotencyKey: 'mine' });
    expect(server.asked.map((one) => [one.body.toString(), one.headers['idempotency-key']])).toEqual([
      ['x', 'mine'],
      ['y', 'mine'],
    ]);
  });

  it('tells what is wrong with a folder, and does not try again', async () => {
    server.script(accepted);
    let streams = 0;
    const broken = (): ReadableStream<Uint8Array> => {
      streams += 1;
      return new ReadableStream({
        pull: (controller) => controller.error(new PackError('x', 'it is a socket')),
      });
    };
    await expect(podway.publish(broken)).rejects.toThrow(PackError);
    expect(streams).toBe(1);
  });

  it('goes back', async () => {
    server.script(accepted);
    await podway.goBack({ pod: 'shop', release: 3 });
    expect(JSON.parse(server.asked[0]?.body.toString() ?? '')).toEqual({ pod: 'shop', release: 3 });
    expect(server.asked[0]?.headers['content-type']).toBe('application/json');
  });
});

const event = (sequence: number, to = 'Queued'): string => {
  const data = { type: 'io.podway.deployment.changed.v1', sequence: String(sequence), data: { to } };
  return `id: ${sequence}\ndata: ${JSON.stringify(data)}\n\n`;
};
const head = 'retry: 5\nid: 0\n\n';

async function take(count: number, from: AsyncIterable<Envelope>): Promise<number[]> {
  const seen: number[] = [];
  for await (const one of from) if (seen.push(Number(one.sequence)) === count) break;
  return seen;
}

describe('events', () => {
  it('go on after the last one over as many connections as it takes', async () => {
    const troubles: PodwayError[] = [];
    server.script(
      eventStream(head + event(1) + event(2)),
      eventStream(event(3) + 'id: 4\nda', 'break'),
      hangUp,
      problem(503, 'SERVICE.UNAVAILABLE'),
      eventStream(': alive\nid: 9\n\n', 'end'),
      eventStream(event(10) + event(11), 'hold'),
    );
    const events = podway.events({
      after: 0,
      pod: 'shop',
      types: ['a', 'b'],
      onReconnect: (one) => troubles.push(one),
    });
    expect(await take(5, events)).toEqual([1, 2, 3, 10, 11]);
    expect(server.asked[0]?.url).toBe('/v1/events?after=0&pod=shop&type=a%2Cb');
    expect(server.asked.map((one) => one.headers['last-event-id'])).toEqual([
      undefined,
      '2',
      '3',
      '3',
      '3',
      '9',
    ]);
    expect(troubles.map((one) => one.code)).toEqual([
      'SDK.UNREACHABLE',
      'SDK.UNREACHABLE',
      'SERVICE.UNAVAILABLE',
    ]);
  });

  it('stop where they are asked to, also when nothing passes the filter', async () => {
    server.script(
      eventStream('retry: 5\nid: 12\n\n', 'hold'),
      eventStream(`${head}${event(7)}id: 12\n\n`, 'hold'),
    );
    const upTo = await podway.lastSequence();
    expect(upTo).toBe(12);
    expect(await take(99, podway.events({ after: 0, upTo, pod: 'shop' }))).toEqual([7]);
  });

  it('tell a resync and go on', async () => {
    const notices: object[] = [];
    const notice = '{"reason":"cursor-ahead","continuesAfter":7}';
    server.script(eventStream(`${head}id: 7\nevent: resync\ndata: ${notice}\n\n${event(8)}`, 'hold'));
    expect(await take(1, podway.events({ after: 99, onResync: (one) => notices.push(one) }))).toEqual([8]);
    expect(notices).toEqual([JSON.parse(notice)]);
  });

  it('leave a connection that is silent for too long', async () => {
    server.script(eventStream(head, 'hold'), eventStream(event(1), 'hold'));
    expect(await take(1, podway.events({ silenceMs: 100 }))).toEqual([1]);
  });

  it('end with their signal', async () => {
    server.script(eventStream(head + event(1), 'hold'));
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const one of podway.events({ signal: stop.signal })) {
      seen.push(one.sequence ?? '');
      stop.abort();
    }
    expect(seen).toEqual(['1']);
  });

  it('reject for a refusal, also later', async () => {
    server.script(problem(401, 'AUTH.INVALID_KEY'));
    await expect(take(1, podway.events())).rejects.toMatchObject({ code: 'AUTH.INVALID_KEY' });
    server.script(eventStream(head + event(1)), problem(401, 'AUTH.INVALID_KEY'));
    await expect(take(2, podway.events())).rejects.toMatchObject({ code: 'AUTH.INVALID_KEY' });
  });
});

const logLine = (number: number): string =>
  `id: ${number}\ndata: ${JSON.stringify({ number, server: 'web1', text: `line ${number}` })}\n\n`;

describe('logs', () => {
  const numbers = async (query: object): Promise<number[]> => {
    const seen: number[] = [];
    for await (const { number } of podway.followLogs('D', query)) seen.push(number);
    return seen;
  };

  it('are followed over as many connections as it takes, up to the end of the deployment', async () => {
    server.script(
      eventStream(head + logLine(1) + logLine(2), 'break'),
      eventStream(`retry: 5\nid: 2\n\n${logLine(3)}id: 7\n\n`),
      eventStream(`${logLine(8)}event: end\ndata: {"state":"Succeeded"}\n\n`, 'hold'),
    );
    expect(await numbers({ server: 'web1', level: 'info' })).toEqual([1, 2, 3, 8]);
    expect(server.asked[0]?.url).toBe('/v1/deployments/D/logs/stream?server=web1&level=info');
    expect(server.asked.map((one) => one.headers['last-event-id'])).toEqual([undefined, '2', '7']);
  });

  it('of what is not there reject', async () => {
    server.script(problem(404, 'DEPLOYMENT.NOT_FOUND'));
    await expect(numbers({})).rejects.toMatchObject({ code: 'DEPLOYMENT.NOT_FOUND' });
  });
});

describe('a handle', () => {
  const finished = json(200, { id: 'D', state: 'Succeeded' });
  const running = json(200, { id: 'D', state: 'Installing', stages: [] });

  it('gives the events up to the end of the deployment', async () => {
    server.script(running, eventStream(head + event(1) + event(2, 'Succeeded') + event(3), 'hold'));
    const seen: (string | undefined)[] = [];
    for await (const one of podway.deployment('D')) seen.push(one.sequence);
    expect(seen).toEqual(['1', '2']);
    expect(server.asked.map(({ url }) => url)).toEqual([
      '/v1/deployments/D',
      '/v1/events?after=0&deployment=D',
    ]);
  });

  it('gives none, and no error, to whom does not want them any more', async () => {
    server.script(running);
    for await (const one of podway.deployment('D').events({ signal: AbortSignal.abort() }))
      expect.fail(one.type);
  });

  it('gives those that are kept of what is over, and does not wait for an end that is not', async () => {
    const over = (...states: string[]) =>
      json(200, { id: 'D', state: 'Succeeded', stages: states.map((state) => ({ state })) });
    const seen: (string | undefined)[] = [];
    server.script(over('Confirming', 'Succeeded'), eventStream(head + event(8, 'Succeeded'), 'hold'));
    for await (const one of podway.deployment('D')) seen.push(one.sequence);
    expect(seen).toEqual(['8']);
    server.script(over());
    for await (const one of podway.deployment('D')) seen.push(one.sequence);
    expect(seen).toEqual(['8']);
  });

  it('waits for the end', async () => {
    let over = false;
    server.script((response, asked) => {
      if (!asked.url.startsWith('/v1/events')) return (over ? finished : running)(response, asked);
      over = true;
      return eventStream(head + event(1) + event(2, 'Succeeded'), 'hold')(response, asked);
    });
    expect(await podway.deployment('D').wait()).toMatchObject({ state: 'Succeeded' });
  });

  it.each(['timeout', 'signal'])('stops waiting by %s and tells the state', async (by) => {
    server.script((response, asked) =>
      asked.url.startsWith('/v1/events')
        ? eventStream(head, 'hold')(response, asked)
        : running(response, asked),
    );
    const options = by === 'timeout' ? { timeoutMs: 50 } : { signal: AbortSignal.timeout(50) };
    const error = await podway
      .deployment('D')
      .wait(options)
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(WaitEndedError);
    expect(error).toMatchObject({ details: { deploymentId: 'D', state: 'Installing' } });
  });

  it('does not wait for what is not there', async () => {
    server.script(problem(404, 'DEPLOYMENT.NOT_FOUND'));
    await expect(podway.deployment('D').wait()).rejects.toMatchObject({ code: 'DEPLOYMENT.NOT_FOUND' });
  });
});
