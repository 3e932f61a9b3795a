import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { parseMessage, type ParsedMessage, type ServiceName } from '@podway/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValueFrom } from 'rxjs';
import type { Broker, Delivery, Disposition, Subscription } from '../broker.js';
import { BrokerContext } from './broker.context.js';
import { dispositionOf } from './disposition-of.js';
import { assertHandlers, queuesFor } from './handlers.js';

export interface BrokerServerOptions {
  /** Connected and declared; stays open when this server closes, for others may use it. */
  readonly broker: Broker;
  /** Checked at start: exactly one handler for each command of this service. Unset: no check. */
  readonly service?: ServiceName;
  /** For handlers that name none. Default 1. */
  readonly defaultPrefetch?: number;
  /**
   * A delivery whose handler still runs after this time is acked; the handler goes on. Should the process then die,
   * nothing delivers the message again: the coordinator's deadline finds the loss and commands the step anew.
   * Default: what the broker allows, 20 minutes for RabbitMQ, without limit for the embedded one.
   */
  readonly ackAfterMs?: number;
  /** Runs every handler: to watch it. Default: just runs it. */
  readonly around?: (
    message: ParsedMessage,
    delivery: Delivery,
    run: () => Promise<Disposition>,
  ) => Promise<Disposition>;
  /** How long `close` waits for running handlers. Default 30 s. What is unfinished is delivered again. */
  readonly drainTimeoutMs?: number;
}

/**
 * Nest's transport over the {@link Broker} port: handlers by message type, each on the queue of its message.
 * A message is acked after its handler has resolved. What is malformed, unknown or refused for good is
 * dead-lettered; every other error is tried again.
 */
export class BrokerServer extends Server implements CustomTransportStrategy {
  override transportId = Symbol('podway-broker');
  private readonly subscriptions: Subscription[] = [];
  /** Handlers whose delivery was acked before they ended. */
  private readonly outlasting = new Set<Promise<unknown>>();

  constructor(private readonly options: BrokerServerOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.subscribe().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    const timeoutMs = this.options.drainTimeoutMs ?? 30_000;
    const outlasting = Promise.race([
      Promise.allSettled(this.outlasting),
      sleep(timeoutMs, undefined, { ref: false }),
    ]);
    await Promise.all(this.subscriptions.splice(0).map((subscription) => subscription.close({ timeoutMs })));
    await outlasting;
  }

  on(): never {
    throw new Error('BrokerServer has no events; ask Broker.ready()');
  }

  unwrap<T = Broker>(): T {
    return this.options.broker as T;
  }

  private async subscribe(): Promise<void> {
    const { broker, service, defaultPrefetch = 1 } = this.options;
    if (service) assertHandlers(service, this);
    for (const [queue, prefetch] of queuesFor(this.messageHandlers, defaultPrefetch)) {
      const subscription = await broker.consume(queue, { prefetch }, (delivery) => this.handle(delivery));
      this.subscriptions.push(subscription);
    }
  }

  private async handle(delivery: Delivery): Promise<Disposition> {
    let message: ParsedMessage;
    try {
      message = parseMessage(delivery.body);
    } catch (error) {
      return this.told(dispositionOf(error), delivery);
    }
    const handler = this.messageHandlers.get(message.definition.type);
    if (!handler) {
      const reason = `${message.definition.name} has no handler here`;
      return this.told({ kind: 'dead-letter', code: 'MESSAGE.NO_HANDLER', reason }, delivery, message);
    }
    const { around = (_message, _delivery, run): Promise<Disposition> => run() } = this.options;
    const work = around(message, delivery, () => this.run(handler, message, delivery));
    const disposition = await this.held(work, message);
    return this.told(disposition, delivery, message);
  }

  private run(handler: MessageHandler, message: ParsedMessage, delivery: Delivery): Promise<Disposition> {
    const context = new BrokerContext([message, delivery]);
    return new Promise((resolve) => {
      this.runWithProcessingHooks(context, async (end) => {
        try {
          const result: unknown = await handler(message.payload, context);
          await lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
          resolve({ kind: 'ack' });
        } catch (error) {
          resolve(dispositionOf(error));
        } finally {
          end();
        }
      });
    });
  }

  /** Acks in time what takes longer than the broker lets anyone hold a delivery. */
  private async held(work: Promise<Disposition>, message: ParsedMessage): Promise<Disposition> {
    const limitMs = this.options.ackAfterMs ?? this.options.broker.maxHoldMs;
    if (limitMs === undefined) return work;
    const ended = new AbortController();
    const early = sleep(limitMs, 'early' as const, { signal: ended.signal, ref: false });
    early.catch(() => undefined);
    const first = await Promise.race([work, early]);
    if (first !== 'early') {
      ended.abort();
      return first;
    }
    const outlasting = work
      .then((disposition) => {
        if (disposition.kind !== 'ack') this.tell('failed after its ack', disposition.reason, message);
      })
      .finally(() => this.outlasting.delete(outlasting));
    this.outlasting.add(outlasting);
    return { kind: 'ack' };
  }

  private told(disposition: Disposition, delivery: Delivery, message?: ParsedMessage): Disposition {
    if (disposition.kind === 'dead-letter') {
      this.tell(`dead-lettered (${disposition.code})`, disposition.reason, message, delivery);
    } else if (disposition.kind === 'retry')
      this.tell('will be tried again', disposition.reason, message, delivery);
    return disposition;
  }

  private tell(what: string, reason: string, message?: ParsedMessage, delivery?: Delivery): void {
    const { definition, envelope } = message ?? {};
    this.logger.warn({
      message: `${definition?.name ?? 'message'} ${what}: ${reason}`,
      messageId: envelope?.id,
      deploymentId: envelope?.deploymentid,
      queue: delivery?.queue,
      tries: delivery?.tries,
    });
  }
}
