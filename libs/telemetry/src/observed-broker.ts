import { SpanKind, type Attributes } from '@opentelemetry/api';
import { Envelope, messageOf, StepProgressed, type ParsedMessage } from '@podway/contracts';
import {
  exchanges,
  type Broker,
  type Delivery,
  type Disposition,
  type OutgoingMessage,
} from '@podway/messaging';
import { contextOf, traceparentOf } from './trace-context.js';
import type { Telemetry } from './telemetry.js';
import { failSpan, withinSpan } from './within-span.js';

const PROGRESS = messageOf(StepProgressed).type;

/** `messaging.system` of the embedded broker; RabbitMQ has a name of its own in the conventions. */
export type MessagingSystem = 'rabbitmq' | 'podway';

/** A broker whose messages are counted, and traced by the conventions for messaging. */
export class ObservedBroker implements Broker {
  readonly maxHoldMs: Broker['maxHoldMs'];
  readonly tellsAges: Broker['tellsAges'];
  readonly reply: Broker['reply'];

  constructor(
    private readonly inner: Broker,
    private readonly telemetry: Telemetry,
    private readonly system: MessagingSystem,
  ) {
    this.maxHoldMs = inner.maxHoldMs;
    this.tellsAges = inner.tellsAges;
    if (inner.reply) this.reply = inner.reply.bind(inner);
  }

  declare: Broker['declare'] = (topology) => this.inner.declare(topology);
  deadLetters: Broker['deadLetters'] = (queue) => this.inner.deadLetters(queue);
  backlog: Broker['backlog'] = () => this.inner.backlog();
  ready: Broker['ready'] = () => this.inner.ready();
  close: Broker['close'] = () => this.inner.close();

  async publish(message: OutgoingMessage): Promise<void> {
    const { type } = message.envelope;
    try {
      await this.publishTraced(message);
    } catch (error) {
      this.telemetry.metrics.count('podway_messages_unpublished_total', { type });
      throw error;
    }
    this.telemetry.metrics.count('podway_messages_published_total', { type });
  }

  consume: Broker['consume'] = (queue, options, handler) =>
    this.inner.consume(queue, options, async (delivery) => {
      const startedAt = performance.now();
      const disposition = await handler(delivery);
      this.handled(queue, disposition, performance.now() - startedAt);
      return disposition;
    });

  /** Runs the handler of a message in a span below the one that sent it. */
  processing(
    { envelope, definition }: ParsedMessage,
    { queue, tries }: Delivery,
    run: () => Promise<Disposition>,
  ): Promise<Disposition> {
    if (definition.type === PROGRESS) return run();
    const attributes = {
      ...this.attributes({ envelope, destination: queue }, 'process'),
      ...(tries > 1 ? { 'podway.message.tries': tries } : {}),
    };
    const options = { kind: SpanKind.CONSUMER, attributes, parent: contextOf(envelope.traceparent) };
    return withinSpan(this.telemetry.tracer, `process ${queue}`, options, async (span) => {
      const disposition = await run();
      if (disposition.kind !== 'ack') failSpan(span, undefined);
      span.setAttribute('podway.message.result', disposition.kind);
      return disposition;
    });
  }

  private async publishTraced(message: OutgoingMessage): Promise<void> {
    const { envelope, exchange, routingKey } = message;
    // Neither the public stream nor progress moves a deployment; their spans would hide those that do.
    if (exchange === exchanges.events || envelope.type === PROGRESS) return this.inner.publish(message);
    const destination = this.system === 'rabbitmq' ? `${exchange}:${routingKey}` : routingKey;
    const attributes = {
      ...this.attributes({ envelope, destination }, 'publish'),
      ...(this.system === 'rabbitmq' ? { 'messaging.rabbitmq.destination.routing_key': routingKey } : {}),
    };
    const options = { kind: SpanKind.PRODUCER, attributes, parent: contextOf(envelope.traceparent) };
    await withinSpan(this.telemetry.tracer, `publish ${destination}`, options, (span) => {
      const traceparent = traceparentOf(span) ?? envelope.traceparent;
      return this.inner.publish({
        ...message,
        envelope: Object.assign(new Envelope(), envelope, { traceparent }),
      });
    });
  }

  private attributes(
    { envelope, destination }: { envelope: OutgoingMessage['envelope']; destination: string },
    operation: 'publish' | 'process',
  ): Attributes {
    return {
      'messaging.system': this.system,
      'messaging.operation.name': operation,
      'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
      'messaging.destination.name': destination,
      'messaging.message.id': envelope.id,
      ...(envelope.deploymentid === undefined
        ? {}
        : {
            'messaging.message.conversation_id': envelope.deploymentid,
            'cicd.pipeline.run.id': envelope.deploymentid,
          }),
    };
  }

  private handled(queue: string, { kind: result }: Disposition, tookMs: number): void {
    this.telemetry.metrics.count('podway_messages_handled_total', { queue, result });
    this.telemetry.metrics.observe('podway_message_handling_seconds', { queue }, tookMs / 1_000);
  }
}
