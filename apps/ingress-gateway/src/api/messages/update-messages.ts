import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Logger } from 'pino';
import { PodwayError, readClientEnvelope, type ClientEnvelope, type Envelope } from '@podway/contracts';
import {
  clientUpdatesQueue,
  type Broker,
  type Delivery,
  type Disposition,
  type Subscription,
} from '@podway/messaging';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { toldOf, type ToldProblem } from '../problems/told-problem.js';
import { BROKER, LOGGER } from '../tokens.js';
import { accepted, refused } from './message-answers.js';
import { MessagePublishing } from './message-publishing.js';
import { MessageRecords } from './message-records.js';
import { MessageSenders, type KnownSender } from './message-senders.js';
import { PoisonMessageError } from './message.errors.js';

const ack: Disposition = { kind: 'ack' };
/** Of a message besides the bundle. */
const REST_BYTES = 64 * 1024;
/** How much is kept of what is too large. */
const KEPT_BYTES = 64 * 1024;

/**
 * Takes updates over AMQP (FIG. 2, 200-204). A message is acked once its answer is safe. What is refused for its content is
 * answered; what cannot be attributed or read is dead-lettered at once; what Podway cannot do now is tried again.
 */
@Injectable()
export class UpdateMessages implements OnApplicationBootstrap, OnModuleDestroy {
  private subscription: Subscription | undefined;

  constructor(
    @Inject(BROKER) private readonly broker: Broker,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly senders: MessageSenders,
    private readonly publishing: MessagePublishing,
    private readonly records: MessageRecords,
    private readonly settings: IngressGatewaySettings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // Client systems cannot reach the embedded broker.
    if (!this.broker.reply) return;
    const options = { prefetch: this.settings.updatesAtOnce };
    this.subscription = await this.broker.consume(clientUpdatesQueue, options, (one) => this.handle(one));
  }

  async onModuleDestroy(): Promise<void> {
    await this.subscription?.close({ timeoutMs: this.settings.stopWaitMs });
  }

  private async handle(delivery: Delivery): Promise<Disposition> {
    let sender: KnownSender;
    let request: ClientEnvelope;
    try {
      sender = await this.senders.known(delivery.sender ?? { exchange: '' });
      request = this.read(delivery.body);
    } catch (error) {
      return error instanceof PodwayError && !error.retryable ? this.buried(error) : this.again(error);
    }
    const { client } = sender.user;
    try {
      const caller = await this.senders.publisher(sender.user);
      const submission = await this.records.publishing(caller, () =>
        this.publishing.publish(request, caller),
      );
      const heard = await this.answer(sender, accepted(request, client, submission));
      if (!heard) this.tell('accepted, but the answer was not taken', sender, request);
      return ack;
    } catch (error) {
      const told = toldOf(error);
      // What Podway cannot do now is nothing that a client could mend.
      if (!told || told.status >= 500) return this.again(error);
      await this.records.refused(sender.user, told);
      return this.refused(sender, request, told);
    }
  }

  private async refused(
    sender: KnownSender,
    request: ClientEnvelope,
    told: ToldProblem,
  ): Promise<Disposition> {
    if (await this.answer(sender, refused(request, sender.user.client, told))) return ack;
    this.tell(`refused (${told.code}), and the answer was not taken`, sender, request);
    return { kind: 'dead-letter', code: told.code, reason: told.detail };
  }

  private async answer({ address }: KnownSender, envelope: Envelope): Promise<boolean> {
    if (!address || !this.broker.reply) return false;
    return this.broker.reply(address, envelope, { timeoutMs: this.settings.answerTimeoutMs });
  }

  private read(body: Uint8Array): ClientEnvelope {
    const most = Math.ceil((this.settings.inlineBundleBytes * 4) / 3) + REST_BYTES;
    if (body.length <= most) return readClientEnvelope(body);
    throw new PoisonMessageError(
      'TOO_LARGE',
      `The message has ${body.length} bytes; at most ${most} are taken`,
    );
  }

  private buried({ code, message }: PodwayError): Disposition {
    this.logger.warn({ code, reason: message }, "a client's message is dead-lettered");
    return { kind: 'dead-letter', code, reason: message, keptBytes: KEPT_BYTES };
  }

  private again(error: unknown): Disposition {
    this.logger.error({ err: error }, "a client's message will be tried again");
    return { kind: 'retry', reason: error instanceof Error ? error.message : String(error) };
  }

  private tell(what: string, { user }: KnownSender, { id }: ClientEnvelope): void {
    this.logger.warn({ user: user.name, client: user.client, messageId: id }, `update over AMQP ${what}`);
  }
}
