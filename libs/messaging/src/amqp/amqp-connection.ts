import { Logger } from '@nestjs/common';
import { connect, type Channel, type ConfirmChannel, type RecoveringChannelModel } from 'amqplib';
import { BrokerClosedError } from '../messaging.errors.js';

/** Both sides send a sign of life this often; two missed ones end the connection. */
const heartbeatS = 10;
const handshakeTimeoutMs = 10_000;

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(heartbeatS));
  return parsed.href;
}

/** One connection that amqplib opens again, without end, whenever it is lost. Channels are not brought back. */
export class AmqpConnection {
  private readonly logger = new Logger('AmqpBroker');
  private model: Promise<RecoveringChannelModel> | undefined;
  private up = false;
  private told = false;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly name: string,
  ) {}

  get connected(): boolean {
    return this.up;
  }

  /** Waits for the connection. */
  async channel(): Promise<Channel> {
    return quiet(await (await this.opened()).createChannel());
  }

  /** Waits for the connection. */
  async confirmChannel(): Promise<ConfirmChannel> {
    return quiet(await (await this.opened()).createConfirmChannel());
  }

  async close(): Promise<void> {
    this.closed = true;
    this.up = false;
    await (await this.model)?.close();
  }

  private opened(): Promise<RecoveringChannelModel> {
    if (this.closed) return Promise.reject(new BrokerClosedError());
    this.model ??= this.open();
    return this.model;
  }

  private async open(): Promise<RecoveringChannelModel> {
    const model = await connect(withHeartbeat(this.url), {
      // Nagle's algorithm makes a confirm take 40 ms.
      noDelay: true,
      keepAlive: true,
      timeout: handshakeTimeoutMs,
      clientProperties: { connection_name: this.name },
      recovery: { initialDelay: 100, maxDelay: 2_000, waitForConnect: false },
    });
    model.on('connect', () => {
      this.up = true;
      this.told = false;
      this.logger.log(`connected: ${this.name}`);
    });
    model.on('disconnect', (error) => {
      this.up = false;
      this.logger.warn(`connection lost: ${this.name}: ${error.message}`);
    });
    model.on('connect-failed', (error) => {
      // Once an outage is enough.
      if (!this.told) this.logger.warn(`no connection, trying on: ${this.name}: ${error.message}`);
      this.told = true;
    });
    model.on('blocked', (reason) => this.logger.warn(`the broker takes nothing for now: ${reason}`));
    model.on('error', () => undefined);
    return model;
  }
}

/** Every error of a channel also ends what was asked of it; the event by itself would end the process. */
function quiet<C extends Channel>(channel: C): C {
  channel.on('error', () => undefined);
  return channel;
}
