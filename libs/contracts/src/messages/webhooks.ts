import { IsInt, IsString, Matches, MaxLength, Min } from 'class-validator';
import { ULID } from '../patterns.js';
import { Event } from '../registry.js';

/** A webhook got no event through for too long: none are sent to it any more. Published by the gateway alone. */
@Event('io.podway.webhook.disabled.v1')
export class WebhookDisabled {
  @Matches(ULID)
  webhookId: string;

  /** For people: how it failed last. */
  @IsString()
  @MaxLength(2000)
  reason: string;

  /** Tries in a row that failed. */
  @IsInt()
  @Min(1)
  failures: number;

  /** Sequence of the last event that it took: it goes on after that one when it is active again. */
  @IsInt()
  @Min(0)
  lastSequence: number;
}

/** Somebody asks whether a webhook answers. Sent to that webhook alone, and not in the log. */
@Event('io.podway.webhook.tested.v1')
export class WebhookTested {
  @Matches(ULID)
  webhookId: string;

  /** Id of the credential of who asked. */
  @IsString()
  @MaxLength(100)
  by: string;
}
