import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, GetMessage } from 'amqplib';
import type { DeadLetter, DeadLetters } from '../broker.js';
import { deadLetterFrom, messageIdOf, triesHeader } from './amqp-headers.js';
import type { AmqpPublisher } from './amqp-publisher.js';
import { senderHeaders, senderOf } from './amqp-sender.js';
import { deadLetterQueueOf } from './amqp-topology.js';

/** Reads by get without ack, and puts everything back in its place. */
export class AmqpDeadLetters implements DeadLetters {
  constructor(
    private readonly queues: readonly string[],
    private readonly withChannel: <T>(use: (channel: Channel) => Promise<T>) => Promise<T>,
    private readonly publisher: AmqpPublisher,
    private readonly own: string,
  ) {}

  count(): Promise<number> {
    return this.withChannel(async (channel) => {
      let sum = 0;
      for (const queue of this.queues) sum += await countOf(channel, queue);
      return sum;
    });
  }

  list(limit: number): Promise<DeadLetter[]> {
    return this.withChannel(async (channel) => {
      const letters: DeadLetter[] = [];
      for (const queue of this.queues) {
        const before = letters.length;
        while (letters.length < limit) {
          const message = await channel.get(deadLetterQueueOf(queue));
          if (!message) break;
          letters.push(deadLetterFrom(queue, message, this.own));
        }
        channel.nackAll(true);
        await backAgain(channel, queue, letters.length - before);
      }
      return letters;
    });
  }

  replay(limit = Number.POSITIVE_INFINITY): Promise<number> {
    return this.withChannel(async (channel) => {
      const counts = new Map<string, number>();
      for (const queue of this.queues) counts.set(queue, await countOf(channel, queue));
      let replayed = 0;
      for (const [queue, count] of counts) {
        for (let left = Math.min(count, limit - replayed); left > 0; left -= 1) {
          const message = await channel.get(deadLetterQueueOf(queue));
          if (!message) break;
          await this.putBack(queue, message);
          channel.ack(message);
          replayed += 1;
        }
      }
      return replayed;
    });
  }

  private putBack(queue: string, message: GetMessage): Promise<void> {
    return this.publisher.publish({
      exchange: '',
      routingKey: queue,
      mandatory: true,
      body: message.content,
      messageId: messageIdOf(message),
      headers: { ...senderHeaders(senderOf(message, this.own)), ...triesHeader(1) },
    });
  }
}

async function countOf(channel: Channel, queue: string): Promise<number> {
  return (await channel.checkQueue(deadLetterQueueOf(queue))).messageCount;
}

/** A quorum queue takes back what was looked at a moment later; who counts next should find it there. */
async function backAgain(channel: Channel, queue: string, looked: number): Promise<void> {
  const giveUp = Date.now() + 2_000;
  while (looked > 0 && (await countOf(channel, queue)) < looked && Date.now() < giveUp) await sleep(20);
}
