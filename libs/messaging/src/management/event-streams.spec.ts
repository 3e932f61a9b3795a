import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Channel } from 'amqplib';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { envelop, HealingStopped } from '@podway/contracts';
import { asyncApiProblems } from '@podway/testing/asyncapi';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { AmqpBroker } from '../amqp/index.js';
import { published } from '../routing.js';
import { ClientSystem } from '../testing/client-system.js';
import { podwayTopology } from '../topology.js';
import { ClientAccounts, type ClientAccount } from './client-accounts.js';

const limits = {
  ...{ maxConnections: 9, maxChannels: 20, maxQueueBytes: 4096, queueExpiresMs: 3_600_000 },
  ...{ streamAgeMs: 3_600_000, streamBytes: 1_000_000 },
};
const example = fileURLToPath(new URL('../../../../examples/replay-events.mjs', import.meta.url));

let rabbit: TestRabbitMq;
let broker: AmqpBroker;
let accounts: ClientAccounts;
let sequence = 0;

beforeAll(async () => {
  rabbit = await startRabbitMq({ management: true });
  broker = new AmqpBroker({ url: rabbit.url, freshQueueMs: 0 });
  await broker.declare(podwayTopology());
  accounts = new ClientAccounts({ managementUrl: rabbit.managementUrl, amqpUrl: rabbit.url, limits });
}, 120_000);
afterAll(async () => {
  await broker?.close();
  await rabbit?.stop();
});

async function urlOf(account: ClientAccount): Promise<string> {
  return `amqp://${account.name}:${await accounts.ensure(account)}@127.0.0.1:${rabbit.port}`;
}

async function happen(client: string, pod: string): Promise<void> {
  const told = Object.assign(new HealingStopped(), { servers: ['web1'], reason: 'it did not help' });
  sequence += 1;
  const event = {
    ...envelop(told, { source: 'test', subject: `${client}/${pod}` }),
    sequence: String(sequence),
  };
  expect(asyncApiProblems(event)).toEqual([]);
  await broker.publish(published(event));
}

/** Runs the example until it has printed so much. */
async function replayed(url: string, client: string, from: string, count: number): Promise<number[][]> {
  const program = spawn(process.execPath, [example, url, client, from], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  program.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const lines = (): string[] => text.split('\n').filter(Boolean);
  try {
    await vi.waitFor(() => expect(lines().length).toBeGreaterThanOrEqual(count), {
      timeout: 60_000,
      interval: 100,
    });
  } finally {
    program.kill();
  }
  return lines().map((line) => {
    const { offset, sequence: place } = JSON.parse(line) as { offset: number; sequence: string };
    return [offset, Number(place)];
  });
}

it('keeps the events of its client from when it was made, to be read from any offset, as often as wanted', async () => {
  const url = await urlOf({ name: 'acme-1', client: 'acme', stream: true });
  for (let n = 0; n < 3; n += 1) {
    await happen('acme', 'shop');
    await happen('rival', 'other');
    await happen('acme-two', 'shop');
  }
  const all = [
    [0, 1],
    [1, 4],
    [2, 7],
  ];
  expect(await replayed(url, 'acme', 'first', 3)).toEqual(all);
  expect(await replayed(url, 'acme', '1', 2)).toEqual(all.slice(1));
  // What is made again keeps what it has.
  const again = await urlOf({ name: 'acme-1', client: 'acme', stream: true });
  await happen('acme', 'blog');
  expect(await replayed(again, 'acme', 'first', 4)).toEqual([...all, [3, 10]]);
});

it('is for who has the right to it, and only to be read', async () => {
  const reading = (client: string) => async (channel: Channel) => {
    await channel.prefetch(1);
    await channel.consume(`podway.events.${client}`, () => undefined, {
      arguments: { 'x-stream-offset': 'first' },
    });
  };
  const reader = await ClientSystem.connect(
    await urlOf({ name: 'acme-2', client: 'acme', stream: true }),
    'acme',
  );
  const plain = await ClientSystem.connect(await urlOf({ name: 'acme-3', client: 'acme' }), 'acme');
  const rival = await ClientSystem.connect(
    await urlOf({ name: 'rival-1', client: 'rival', stream: true }),
    'rival',
  );
  expect(await reader.tries(reading('acme'))).toBe('allowed');
  expect(await plain.tries(reading('acme'))).toBe('refused');
  expect(await rival.tries(reading('acme'))).toBe('refused');
  expect(await rival.tries(reading('rival'))).toBe('allowed');
  const queue = 'podway.events.acme';
  expect(await reader.tries((channel) => channel.deleteQueue(queue))).toBe('refused');
  expect(await reader.tries((channel) => channel.bindQueue(queue, 'podway.events', 'acme.#'))).toBe(
    'refused',
  );
  expect(await reader.tries((channel) => channel.unbindQueue(queue, 'podway.events', 'acme.#'))).toBe(
    'refused',
  );
  const publish = async (channel: Channel): Promise<void> => {
    channel.sendToQueue(queue, Buffer.from('{}'));
    await channel.checkQueue('podway.client.acme.none').catch((error: { code?: number }) => {
      if (error.code !== 404) throw error;
    });
  };
  expect(await reader.tries(publish)).toBe('refused');
  await Promise.all([reader, plain, rival].map((one) => one.close()));
});
