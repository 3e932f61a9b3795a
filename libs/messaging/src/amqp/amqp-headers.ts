import type { Message, XDeath } from 'amqplib';
import type { DeadLetter } from '../broker.js';
import { isOwn } from './amqp-sender.js';

const tries = 'podway-tries';
const code = 'podway-code';
const reason = 'podway-reason';
const diedAt = 'podway-died-at';

/** A header table must stay below 64 KiB. */
const longestReason = 4_000;

/** A client cannot say that its message was tried before: only what Podway sent itself is believed. */
export function triesOf(message: Message, own: string): number {
  const value: unknown = isOwn(message, own) ? message.properties.headers?.[tries] : undefined;
  return typeof value === 'number' && value > 0 ? value : 1;
}

export function messageIdOf({ properties }: Message): string {
  const value: unknown = properties.messageId;
  return typeof value === 'string' ? value : '';
}

export function triesHeader(value: number): Record<string, unknown> {
  return { [tries]: value };
}

export function deathHeaders(letter: Pick<DeadLetter, 'code' | 'reason' | 'tries'>): Record<string, unknown> {
  return {
    [tries]: letter.tries,
    [code]: letter.code,
    [reason]: letter.reason.slice(0, longestReason),
    [diedAt]: new Date().toISOString(),
  };
}

/** What the broker dead-lettered by itself carries `x-death` instead of our headers. */
function deathByBroker([death]: readonly XDeath[]): Pick<DeadLetter, 'code' | 'reason' | 'diedAt'> {
  return {
    code: 'MESSAGE.DELIVERY_LIMIT',
    reason: `The broker gave it up (${death?.reason ?? 'unknown'}): its consumers were lost again and again`,
    diedAt: new Date((death?.time.value ?? 0) * 1_000).toISOString(),
  };
}

export function deadLetterFrom(queue: string, message: Message, own: string): DeadLetter {
  const headers: Record<string, unknown> = message.properties.headers ?? {};
  const ours = isOwn(message, own) && typeof headers[code] === 'string';
  const death = ours
    ? { code: String(headers[code]), reason: String(headers[reason]), diedAt: String(headers[diedAt]) }
    : deathByBroker(message.properties.headers?.['x-death'] ?? []);
  return {
    messageId: messageIdOf(message),
    queue,
    tries: triesOf(message, own),
    body: message.content,
    ...death,
  };
}
