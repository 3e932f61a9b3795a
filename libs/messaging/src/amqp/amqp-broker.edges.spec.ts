import { Logger } from '@nestjs/common';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRabbitMq, type TestRabbitMq } from '@podway/testing/rabbitmq';
import { ack, numbered, numberIn } from '../testing/contract-harness.js';
import { TcpRelay } from '../testing/tcp-relay.js';
import type { Topology } from '../topology.js';
import { AmqpBroker } from './amqp-broker.js';
import type { AmqpBrokerOptions } from './amqp-broker.options.js';
import { deadLetterQueueOf } from './amqp-topology.js';

Logger.overrideLogger(false);

const queue = 'podway.edges.queue';
const topology: Topology = {
  queues: [{ name: queue, bindings: [{ exchange: 'podway.commands', key: queue }] }],
  retry: { delaysMs: [20], maxTries: 2, deliveryLimit: 20 },
};

describe('AmqpBroker and RabbitMQ itself', () => {
  let rabbit: TestRabbitMq;
  let connection: ChannelModel;
  let channel: Channel;
  const brokers: AmqpBroker[] = [];

  beforeAll(async () => {
    rabbit = await startRabbitMq();
    connection = await connect(rabbit.url, { noDelay: true });
    channel = await connection.createChannel();
  }, 60_000);
  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.close();
  });
  afterAll(async () => {
    await connection.close();
    await rabbit.stop();
  });

  function make(options: Partial<AmqpBrokerOptions> = {}): AmqpBroker {
    const broker = new AmqpBroker({ url: rabbit.url, ...options });
    brokers.push(broker);
    return broker;
  }

  it('writes persistent CloudEvents with the id of the envelope, into quorum queues', async () => {
    const broker = make();
    await broker.declare(topology);
    const sent = numbered(3, { routingKey: queue });
    await broker.publish(sent);
    const message = await channel.get(queue, { noAck: true });
    expect(message).toMatchObject({
      properties: {
        contentType: 'application/cloudevents+json',
        deliveryMode: 2,
        messageId: sent.envelope.id,
      },
    });
    const classic = await connection.createChannel();
    classic.on('error', () => undefined);
    await expect(classic.assertQueue(queue, { durable: true })).rejects.toMatchObject({ code: 406 });
  });

  it('dead-letters what is no CloudEvent at all without losing its bytes', async () => {
    const broker = make();
    await broker.declare(topology);
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    await broker.consume(queue, { prefetch: 1 }, async () => ({
      kind: 'dead-letter',
      code: 'INPUT.INVALID',
      reason: 'x'.repeat(100_000),
    }));
    channel.sendToQueue(queue, bytes);
    const letters = broker.deadLetters(queue);
    await vi.waitFor(async () => expect(await letters.count()).toBe(1), { timeout: 10_000 });
    const [letter] = await letters.list(1);
    expect(letter).toMatchObject({ messageId: '', code: 'INPUT.INVALID' });
    expect(Buffer.from(letter?.body ?? [])).toEqual(bytes);
    await channel.purgeQueue(deadLetterQueueOf(queue));
  });

  it('tells what stands against the topology', async () => {
    const name = 'podway.edges.classic';
    await channel.assertQueue(name, { durable: true });
    const declaring = make().declare({ ...topology, queues: [{ name, bindings: [] }] });
    await expect(declaring).rejects.toMatchObject({ code: 'BROKER.TOPOLOGY_CONFLICT' });
  });

  it('tells when it cannot reach the broker, and when it is refused', async () => {
    const nowhere = await TcpRelay.to(rabbit.port);
    const url = nowhere.through(rabbit.url);
    await nowhere.cut();
    const wrong = rabbit.url.replace(/:[^:@]+@/, ':wrong@');
    for (const unusable of [url, wrong]) {
      const broker = make({ url: unusable, connectTimeoutMs: 300 });
      await expect(broker.declare(topology)).rejects.toMatchObject({
        code: 'BROKER.UNREACHABLE',
        retryable: true,
      });
      expect(broker.ready()).toBe(false);
    }
  });

  it('makes a queue again that was removed under its consumer', async () => {
    const broker = make();
    await broker.declare(topology);
    const seen: number[] = [];
    await broker.consume(queue, { prefetch: 1 }, async (delivery) => {
      seen.push(numberIn(delivery));
      return ack;
    });
    await broker.publish(numbered(7, { routingKey: queue }));
    await vi.waitFor(() => expect(seen).toEqual([7]), { timeout: 10_000 });
    await channel.deleteQueue(queue);
    await vi.waitFor(() => broker.publish(numbered(8, { routingKey: queue })), { timeout: 20_000 });
    await vi.waitFor(() => expect(seen).toEqual([7, 8]), { timeout: 10_000 });
  });

  it('refuses to publish once it is closed', async () => {
    const broker = make();
    await broker.declare(topology);
    await broker.close();
    const late = broker.publish(numbered(1, { routingKey: queue }));
    await expect(late).rejects.toMatchObject({ code: 'BROKER.CLOSED' });
  });
});
