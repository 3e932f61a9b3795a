import type { Message } from 'amqplib';
import type { Sender } from '../broker.js';
import { clientExchangeOf } from '../topology.js';

const user = 'podway-sender';
const exchange = 'podway-sent-to';
const replyTo = 'podway-reply-to';
const correlationId = 'podway-correlation-id';

/** The user that a URL signs in as. */
export function userIn(url: string): string {
  return decodeURIComponent(new URL(url).username) || 'guest';
}

/** Whether Podway itself sent it: RabbitMQ lets nobody name another user than their own. */
export function isOwn({ properties }: Message, own: string): boolean {
  return properties.userId === own;
}

/** Who sent a message at first. Of copies that Podway made the headers say so; those of others are not believed. */
export function senderOf(message: Message, own: string): Sender {
  const { properties, fields } = message;
  const headers: Record<string, unknown> = properties.headers ?? {};
  if (isOwn(message, own) && typeof headers[exchange] === 'string') {
    return sender({
      user: headers[user],
      exchange: headers[exchange],
      replyTo: headers[replyTo],
      correlationId: headers[correlationId],
    });
  }
  const [death] = properties.headers?.['x-death'] ?? [];
  return sender({
    user: properties.userId,
    // What the broker has dead-lettered says where it was sent to before.
    exchange: death?.exchange ?? fields.exchange,
    replyTo: properties.replyTo,
    correlationId: properties.correlationId,
  });
}

/** Headers of a copy, of messages that came by a client's exchange. */
export function senderHeaders(of: Sender): Record<string, unknown> {
  if (!of.exchange.startsWith(clientExchangeOf(''))) return {};
  return {
    [exchange]: of.exchange,
    ...(of.user === undefined ? {} : { [user]: of.user }),
    ...(of.replyTo === undefined ? {} : { [replyTo]: of.replyTo }),
    ...(of.correlationId === undefined ? {} : { [correlationId]: of.correlationId }),
  };
}

function sender(found: Readonly<Record<keyof Sender, unknown>>): Sender {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const [by, reply, correlation] = [text(found.user), text(found.replyTo), text(found.correlationId)];
  return {
    exchange: text(found.exchange) ?? '',
    ...(by === undefined ? {} : { user: by }),
    ...(reply === undefined ? {} : { replyTo: reply }),
    ...(correlation === undefined ? {} : { correlationId: correlation }),
  };
}
