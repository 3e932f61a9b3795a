import type { Broker, DeadLetter, OutgoingMessage, QueueBacklog } from '@podway/messaging';

/** Keeps what is published. Only what the gateway uses of a broker. */
export class RecordingBroker implements Broker {
  readonly published: OutgoingMessage[] = [];
  readonly dead: DeadLetter[] = [];
  tellsAges = true;
  /** What it says waits; undefined: it does not answer. */
  waiting: QueueBacklog[] | undefined = [];

  async declare(): Promise<void> {}

  async publish(message: OutgoingMessage): Promise<void> {
    this.published.push(message);
  }

  consume(): Promise<never> {
    return Promise.reject(new Error('the gateway consumes nothing'));
  }

  deadLetters(queue?: string): ReturnType<Broker['deadLetters']> {
    const ofQueue = (): DeadLetter[] => this.dead.filter((one) => queue === undefined || one.queue === queue);
    return {
      count: async () => ofQueue().length,
      list: async (limit) => ofQueue().slice(0, limit),
      replay: async (limit = Infinity) => {
        const back = ofQueue().slice(0, limit);
        for (const one of back) this.dead.splice(this.dead.indexOf(one), 1);
        return back.length;
      },
    };
  }

  backlog(): Promise<QueueBacklog[]> {
    return this.waiting ? Promise.resolve(this.waiting) : new Promise(() => undefined);
  }

  ready(): boolean {
    return true;
  }

  async close(): Promise<void> {}
}
