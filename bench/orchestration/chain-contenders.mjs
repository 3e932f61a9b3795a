import { randomBytes } from 'node:crypto';
import { connect } from 'amqplib';
import { AmqpBroker, defaultRetryPolicy, exchanges } from '@podway/messaging';
import { ulid } from 'ulid';
import { COMMANDS } from './stub-outcomes.mjs';

/** UpdateSubmitted, and a command and an outcome for each step. */
export const HOPS = 1 + 2 * COMMANDS;
const PREFETCH = 16;
/** As large as Podway's messages are in the middle. */
const padding = randomBytes(350).toString('hex');

/** Even hops go to the coordinator's queue, odd ones to the queue of a command. */
const queueOf = (hop) => (hop % 2 === 0 ? 'bench.outcomes' : `bench.command-${(hop + 1) / 2}`);
const queues = [...new Set(Array.from({ length: HOPS }, (_, hop) => queueOf(hop)))];

/** A chain of messages: each is published, confirmed, delivered, and acked once the next one is confirmed. */
class ChainContender {
  waiting = new Map();

  async deploy() {
    const id = ulid();
    const ended = new Promise((resolve) => this.waiting.set(id, resolve));
    await Promise.all([this.publish({ id, hop: 0, padding }), ended]);
  }

  async pass({ id, hop }) {
    if (hop + 1 < HOPS) return this.publish({ id, hop: hop + 1, padding });
    this.waiting.get(id)();
    this.waiting.delete(id);
  }
}

/** The same client library and kind of queue, and nothing of Podway. */
export class RawChainContender extends ChainContender {
  name = 'floor: amqplib, quorum queues, no database';

  constructor({ amqpUrl }) {
    super();
    this.amqpUrl = amqpUrl;
  }

  async start() {
    this.connection = await connect(this.amqpUrl, { noDelay: true });
    this.outgoing = await this.connection.createConfirmChannel();
    for (const queue of queues) {
      const channel = await this.connection.createChannel();
      await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
      await channel.prefetch(PREFETCH);
      await channel.consume(queue, async (message) => {
        await this.pass(JSON.parse(message.content.toString()));
        channel.ack(message);
      });
    }
  }

  publish(message) {
    const body = Buffer.from(JSON.stringify(message));
    const options = { persistent: true, mandatory: true };
    return new Promise((resolve, reject) => {
      this.outgoing.publish('', queueOf(message.hop), body, options, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  async stop() {
    await this.connection?.close();
  }
}

/** The same chain over the port that Podway's services use: what the port itself costs. */
export class PortChainContender extends ChainContender {
  name = "Podway's AMQP broker, no database";

  constructor({ amqpUrl }) {
    super();
    this.broker = new AmqpBroker({ url: amqpUrl, name: 'bench chain' });
  }

  async start() {
    const name = (queue) => `${queue}.port`;
    const binding = (queue) => ({ exchange: exchanges.commands, key: name(queue) });
    await this.broker.declare({
      queues: queues.map((queue) => ({ name: name(queue), bindings: [binding(queue)] })),
      retry: defaultRetryPolicy,
    });
    for (const queue of queues) {
      await this.broker.consume(name(queue), { prefetch: PREFETCH }, async ({ body }) => {
        await this.pass(JSON.parse(Buffer.from(body).toString()));
        return { kind: 'ack' };
      });
    }
  }

  publish(envelope) {
    const routingKey = `${queueOf(envelope.hop)}.port`;
    return this.broker.publish({ exchange: exchanges.commands, routingKey, envelope });
  }

  async stop() {
    await this.broker.close();
  }
}
