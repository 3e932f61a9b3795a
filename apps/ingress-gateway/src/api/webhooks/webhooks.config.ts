import { IsIn, IsInt, Max, Min } from 'class-validator';
import { Setting } from '@podway/service-kit';
import { OidcSettings } from '../identity/oidc.config.js';

/** Settings about webhooks. Times in milliseconds. */
export class WebhooksSettings extends OidcSettings {
  /** `true`: webhooks may lead to private addresses (loopback, link-local, 10.0.0.0/8 and the like), and without TLS. */
  @Setting('PODWAY_WEBHOOKS_PRIVATE', 'boolean')
  @IsIn([true, false])
  webhooksPrivate: boolean = false;

  /** Webhooks that one client may have. */
  @Setting('PODWAY_WEBHOOKS_PER_CLIENT', 'integer')
  @IsInt()
  @Min(0)
  @Max(10_000)
  webhooksPerClient: number = 20;

  /** Webhooks that one gateway sends to at once; at most a quarter of them are of one client. */
  @Setting('PODWAY_WEBHOOKS_AT_ONCE', 'integer')
  @IsInt()
  @Min(1)
  @Max(1_000)
  webhooksAtOnce: number = 32;

  /** Longest time for one event: connecting, sending and the answer. */
  @Setting('PODWAY_WEBHOOK_TIMEOUT_MS', 'integer')
  @IsInt()
  @Min(50)
  @Max(60_000)
  webhookTimeoutMs: number = 10_000;

  /** Wait after the first failure; three times as long after each next. */
  @Setting('PODWAY_WEBHOOK_RETRY_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(3_600_000)
  webhookRetryMs: number = 5_000;

  /** Longest wait between two tries. */
  @Setting('PODWAY_WEBHOOK_RETRY_MAX_MS', 'integer')
  @IsInt()
  @Min(10)
  @Max(86_400_000)
  webhookRetryMaxMs: number = 1_800_000;

  /** A webhook that has failed for so long is disabled. */
  @Setting('PODWAY_WEBHOOK_DISABLE_AFTER_MS', 'integer')
  @IsInt()
  @Min(100)
  @Max(2_592_000_000)
  webhookDisableAfterMs: number = 86_400_000;

  /** A webhook that has failed so often in a row is disabled. */
  @Setting('PODWAY_WEBHOOK_DISABLE_AFTER_FAILURES', 'integer')
  @IsInt()
  @Min(1)
  @Max(100_000)
  webhookDisableAfterFailures: number = 200;

  /** How long it is kept what became of each event. */
  @Setting('PODWAY_WEBHOOK_DELIVERIES_KEPT_MS', 'integer')
  @IsInt()
  @Min(1_000)
  @Max(31_536_000_000)
  webhookDeliveriesKeptMs: number = 7 * 86_400_000;

  /** How long the secret before a new one signs too. */
  @Setting('PODWAY_WEBHOOK_SECRET_OVERLAP_MS', 'integer')
  @IsInt()
  @Min(0)
  @Max(2_592_000_000)
  webhookSecretOverlapMs: number = 86_400_000;
}
