import fc from 'fast-check';
import { expect, it } from 'vitest';
import { serverSentEvents, type ServerSentEvent } from './server-sent-events.js';

async function parse(chunks: Uint8Array[]): Promise<ServerSentEvent[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  const events: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(source())) events.push(event);
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const stream =
  ': hello\nretry: 1500\nid: 4\n\nid: 5\ndata: {"a":"ä"}\n\n: alive\nid: 6\n\nevent: resync\ndata: one\ndata:two\ndata\n\nid: 7\ndata: never ended';

it('reads ids, types, data of several lines and the time to wait', async () => {
  expect(await parse([bytes(stream)])).toEqual([
    { type: 'message', data: '', id: '4', retryMs: 1500 },
    { type: 'message', data: '{"a":"ä"}', id: '5', retryMs: 1500 },
    { type: 'message', data: '', id: '6', retryMs: 1500 },
    { type: 'resync', data: 'one\ntwo\n', id: '6', retryMs: 1500 },
  ]);
});

it('reads the same however the bytes are cut and lines end', async () => {
  const expected = await parse([bytes(stream)]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }),
      async (end, cuts) => {
        const whole = bytes(stream.replaceAll('\n', end));
        const chunks: Uint8Array[] = [];
        for (let at = 0, n = 0; at < whole.length; n += 1) {
          const size = cuts[n % cuts.length] ?? 1;
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(await parse(chunks)).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
