import { connect, type Channel, type ChannelModel, type ConfirmChannel, type Options } from 'amqplib';
import { clientExchangeOf, clientQueuePrefix } from '../topology.js';

/** An answer that a client system got. */
export interface ClientAnswer {
  readonly correlationId: string | undefined;
  readonly content: Buffer;
}

/** What every operation ends as, for a table of who may what. */
export type Verdict = 'allowed' | 'refused';

/** A client's program at the other end of RabbitMQ, for tests. */
export class ClientSystem {
  readonly answers: ClientAnswer[] = [];

  private constructor(
    private readonly model: ChannelModel,
    private readonly channel: ConfirmChannel,
    readonly user: string,
    readonly client: string,
  ) {}

  /** `url` signs in as the broker user. */
  static async connect(url: string, client: string): Promise<ClientSystem> {
    const model = await connect(url, { noDelay: true });
    model.on('error', () => undefined);
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    return new ClientSystem(model, channel, decodeURIComponent(new URL(url).username), client);
  }

  /** Makes a queue of its own for answers and collects what comes. Resolves with its name. */
  async listen(name = 'replies', options: Options.AssertQueue = {}): Promise<string> {
    const queue = name.startsWith('amq.') ? name : `${clientQueuePrefix(this.client)}${name}`;
    if (queue === name) await this.collect(queue);
    else await this.collect((await this.channel.assertQueue(queue, options)).queue);
    return queue;
  }

  /** A queue of its own that nobody reads. */
  async queue(name: string, options: Options.AssertQueue = {}): Promise<string> {
    return (await this.channel.assertQueue(`${clientQueuePrefix(this.client)}${name}`, options)).queue;
  }

  async remove(queue: string): Promise<void> {
    await this.channel.deleteQueue(queue);
  }

  /** Resolves when the broker has it; rejects when it is refused. */
  publish(
    content: Buffer | string | object,
    options: Options.Publish = {},
    exchange = clientExchangeOf(this.client),
  ): Promise<void> {
    const body =
      typeof content === 'string'
        ? Buffer.from(content)
        : Buffer.isBuffer(content)
          ? content
          : Buffer.from(JSON.stringify(content));
    const properties = { persistent: true, userId: this.user, ...options };
    return new Promise((resolve, reject) => {
      this.channel.once('error', reject);
      this.channel.publish(exchange, '', body, properties, (error: unknown) => {
        this.channel.off('error', reject);
        if (error) reject(error as Error);
        else resolve();
      });
    });
  }

  /** Tries something on a channel of its own, and says whether RabbitMQ let it. */
  async tries(operation: (channel: ConfirmChannel) => Promise<unknown>): Promise<Verdict> {
    const channel = await this.model.createConfirmChannel();
    let code: number | undefined;
    channel.on('error', (error: Error & { code?: number }) => (code = error.code));
    try {
      await operation(channel);
      await channel.waitForConfirms();
      await close(channel);
      return 'allowed';
    } catch (error) {
      code ??= (error as { code?: number }).code;
      // ACCESS_REFUSED; PRECONDITION_FAILED is RabbitMQ's answer to a forged user_id.
      if (code === 403 || code === 406) return 'refused';
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.model.close().catch(() => undefined);
  }

  private async collect(queue: string): Promise<void> {
    await this.channel.consume(
      queue,
      (message) => {
        if (!message) return;
        const { correlationId } = message.properties as { correlationId?: string };
        this.answers.push({ correlationId, content: message.content });
      },
      { noAck: true },
    );
  }
}

async function close(channel: Channel): Promise<void> {
  await channel.close();
}
