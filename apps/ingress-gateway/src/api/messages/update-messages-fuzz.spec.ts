import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { clientUpdatesQueue } from '@podway/messaging';
import { publishMessage, startClientScene, type ClientScene } from '../../../test/client-scene.js';
import { shopBundle } from '../../../test/bundle.js';
import { pod } from '../../../test/gateway.js';

const target = { pod: 'shop' };
const inline = async (): Promise<string> => (await shopBundle(ulid())).toString('base64');

let scene: ClientScene;
beforeAll(async () => {
  scene = await startClientScene();
  await scene.gateway.apply([pod('shop', 'acme')]);
}, 120_000);
afterAll(() => scene?.close());

it('answers or dead-letters whatever comes', async () => {
  const client = await scene.system('acme');
  const replyTo = await client.listen();
  const before = client.answers.length;
  const valid = JSON.stringify(publishMessage({ target, bundle: await inline(), label: 'x' }));
  const random = mulberry(20_261_124);
  const many = 1_500;
  for (let n = 0; n < many; n += 1) {
    await client.publish(mutated(Buffer.from(valid), random), { replyTo, correlationId: `fuzz-${n}` });
  }
  await vi.waitFor(
    async () =>
      expect(
        client.answers.length - before + (await scene.broker.deadLetters(clientUpdatesQueue).count()),
      ).toBe(many),
    {
      timeout: 60_000,
      interval: 200,
    },
  );
  expect(client.answers.length - before).toBeGreaterThan(50);
  expect((await scene.ask(client, replyTo, { target, bundle: await inline() })).data.update).toBeDefined();
}, 120_000);

/** A small generator with a seed. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const words = [
  'null',
  '[]',
  '{}',
  '"x"',
  '-1',
  '1e999',
  'true',
  '"\\u0000"',
  '"\\ud800"',
  '"previous"',
  '{"pod":"shop"}',
];

/** The message with some of it changed: values, bytes, its length. */
function mutated(valid: Buffer, random: () => number): Buffer {
  const pick = (most: number): number => Math.floor(random() * most);
  const how = pick(5);
  if (how === 0) return valid.subarray(0, pick(valid.length));
  if (how === 1) {
    const changed = Buffer.from(valid);
    for (let n = 0; n <= pick(4); n += 1) changed[pick(changed.length)] = pick(256);
    return changed;
  }
  if (how === 2) return Buffer.from(Array.from({ length: pick(300) }, () => pick(256)));
  const message = JSON.parse(valid.toString()) as Record<string, Record<string, unknown>>;
  const place = how === 3 ? message : (message['data'] ?? {});
  const keys = [
    ...Object.keys(place),
    'artifact',
    'release',
    'constructor',
    '__proto__',
    'signature',
    'idempotencyKey',
  ];
  const key = keys[pick(keys.length)] ?? '';
  const word = words[pick(words.length)] ?? 'null';
  const text = JSON.stringify(message);
  const within = JSON.stringify({ ...place, [key]: 'PUT' }).replace('"PUT"', word);
  return Buffer.from(how === 3 ? within : text.replace(JSON.stringify(place), () => within));
}
