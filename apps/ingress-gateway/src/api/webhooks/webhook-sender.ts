import { randomBytes } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { hiddenAddressOf, privateAddressIn, publicLookup } from '@podway/contracts/public-addresses';
import { WebhookUrlError } from './webhook.errors.js';

export interface WebhookSenderOptions {
  /** For one message, answer included, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether receivers may be at addresses that are not of the public internet, and without TLS. */
  readonly allowPrivate: boolean;
}

/** What is sent to a webhook: signed as Standard Webhooks has it. */
export interface WebhookMessage {
  /** The same at every try: receivers know by it what they have already. */
  readonly id: string;
  readonly url: string;
  /** All of them sign, the newest first. */
  readonly secrets: readonly string[];
  readonly contentType: string;
  readonly body: string;
}

/** How a try ended. */
export interface WebhookAnswer {
  readonly delivered: boolean;
  readonly status?: number;
  readonly error?: string;
  /** The receiver wants no more. */
  readonly gone: boolean;
  readonly retryAfterMs?: number;
  readonly durationMs: number;
}

/** Bytes of an answer that are read, so that its connection can be used again. Nothing in it counts. */
const ANSWER_BYTES = 16 * 1024;

/**
 * Sends signed messages to URLs that others have chosen: to public addresses only, to the address that the name was found
 * at, following no redirection, for a bounded time. https://www.standardwebhooks.com
 */
export class WebhookSender {
  private readonly agent: Agent;

  constructor(private readonly options: WebhookSenderOptions) {
    const { allowPrivate, timeoutMs } = options;
    this.agent = new Agent({
      connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: publicLookup }) },
      maxHeaderSize: ANSWER_BYTES,
      keepAliveTimeout: 10_000,
    });
  }

  /** `whsec_` and 32 random bytes. */
  static newSecret(): string {
    return `whsec_${randomBytes(32).toString('base64')}`;
  }

  /** @throws WebhookUrlError for a URL that nothing is ever sent to. A name is judged when it is looked up. */
  refuse(url: string): void {
    if (this.options.allowPrivate) return;
    const parsed = new URL(url);
    if (parsed.protocol !== 'https:') throw new WebhookUrlError('it must begin with https://');
    const hidden = privateAddressIn(parsed);
    if (hidden !== undefined) throw new WebhookUrlError(`${hidden} is not a public address`);
  }

  /** Never rejects. Aborted by `signal`, it is not known whether the receiver has it. */
  async send(
    { id, url, secrets, contentType, body }: WebhookMessage,
    signal: AbortSignal,
  ): Promise<WebhookAnswer> {
    const began = performance.now();
    const limit = AbortSignal.timeout(this.options.timeoutMs);
    const ended = (rest: Partial<WebhookAnswer>): WebhookAnswer => ({
      ...{ delivered: false, gone: false, durationMs: performance.now() - began },
      ...rest,
    });
    try {
      // Rules may have become stricter since it was made.
      this.refuse(url);
      const now = new Date();
      const answer = await request(url, {
        ...{ method: 'POST', body, dispatcher: this.agent, signal: AbortSignal.any([limit, signal]) },
        headers: {
          'content-type': contentType,
          'user-agent': 'podway-webhooks/1',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, now, body)).join(' '),
        },
      });
      const { statusCode: status, headers } = answer;
      // What the answer says counts, however long its body takes.
      await answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
      if (status >= 200 && status < 300) return ended({ delivered: true, status });
      const retryAfterMs = waitAskedFor(headers['retry-after']);
      return ended({
        ...{ status, gone: status === 410, error: `answered ${status}` },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    } catch (error) {
      return ended({
        error: limit.aborted ? `no answer within ${this.options.timeoutMs} ms` : toldReason(error),
      });
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}

function toldReason(error: unknown): string {
  const hidden = hiddenAddressOf(error);
  if (hidden !== undefined) return `${hidden} is not a public address`;
  const { message, code } = error as Error & { code?: string };
  return message || code || 'it cannot be reached';
}

/** Retry-After in seconds. A date is not taken: clocks differ. */
function waitAskedFor(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^[0-9]{1,7}$/.test(header) ? Number(header) * 1_000 : undefined;
}
