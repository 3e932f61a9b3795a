import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';
import { Setting } from '@podway/service-kit';
import { WebhooksSettings } from '../webhooks/webhooks.config.js';

/** Settings about client systems that publish over AMQP. Times in milliseconds, sizes in bytes. */
export class ClientMessagesSettings extends WebhooksSettings {
  /** RabbitMQ's management API: `http://user:password@host:15672`, an administrator. Unset: no broker users can be made. */
  @Setting('PODWAY_AMQP_MANAGEMENT_URL', 'text', { secret: true })
  @IsOptional()
  @Matches(/^https?:\/\/[^@/]+:[^@/]+@[^@/]+\/?/, {
    message: 'must be a URL like http://user:password@host:15672',
  })
  amqpManagementUrl?: string;

  /** Largest bundle that is taken inside a message. */
  @Setting('PODWAY_AMQP_INLINE_BUNDLE_BYTES', 'integer')
  @IsInt()
  @Min(0)
  @Max(16 * 1024 ** 2)
  inlineBundleBytes: number = 256 * 1024;

  /** Messages of clients that one gateway handles at once. */
  @Setting('PODWAY_AMQP_UPDATES_AT_ONCE', 'integer')
  @IsInt()
  @Min(1)
  @Max(100)
  updatesAtOnce: number = 4;

  /** Longest wait until a client's queue has taken an answer. */
  @Setting('PODWAY_AMQP_ANSWER_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(600_000)
  answerTimeoutMs: number = 2_000;

  /** Most connections of one broker user. */
  @Setting('PODWAY_AMQP_CLIENT_CONNECTIONS', 'integer')
  @IsInt()
  @Min(1)
  @Max(10_000)
  clientConnections: number = 8;

  /** Most channels of one broker user. */
  @Setting('PODWAY_AMQP_CLIENT_CHANNELS', 'integer')
  @IsInt()
  @Min(1)
  @Max(10_000)
  clientChannels: number = 32;

  /** Most that waits in one queue of a client; the oldest messages go first. */
  @Setting('PODWAY_AMQP_CLIENT_QUEUE_BYTES', 'integer')
  @IsInt()
  @Min(1_024)
  clientQueueBytes: number = 16 * 1024 ** 2;

  /** A queue of a client that nobody has used for so long is removed. */
  @Setting('PODWAY_AMQP_CLIENT_QUEUE_EXPIRES_MS', 'integer')
  @IsInt()
  @Min(60_000)
  @Max(31_536_000_000)
  clientQueueExpiresMs: number = 7 * 86_400_000;

  /** How long events stay in the stream of a client, at least. */
  @Setting('PODWAY_AMQP_STREAM_AGE_MS', 'integer')
  @IsInt()
  @Min(60_000)
  @Max(31_536_000_000)
  streamAgeMs: number = 7 * 86_400_000;

  /** Size of the stream of a client, about; the oldest events go first. */
  @Setting('PODWAY_AMQP_STREAM_BYTES', 'integer')
  @IsInt()
  @Min(65_536)
  streamBytes: number = 256 * 1024 ** 2;
}
