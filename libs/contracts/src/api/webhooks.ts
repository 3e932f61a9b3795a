import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { IsName, Nested } from '../forms.js';
import { NAME, ULID } from '../patterns.js';
import { eventFormats, type EventFormat } from './events.js';
import { MOST_PODS } from './keys.js';

/** A CloudEvents type: `io.podway.deployment.changed.v1`. */
const EVENT_TYPE = /^io\.podway(\.[a-z][a-z-]{0,62}){2}\.v[1-9][0-9]{0,3}$/;
const HTTP_URL = {
  require_tld: false,
  protocols: ['http', 'https'],
  require_protocol: true,
  disallow_auth: true,
};

/** active: events are sent. paused: they wait. disabled: they wait, because it failed for too long. */
export const webhookStates = ['active', 'paused', 'disabled'] as const;
export type WebhookState = (typeof webhookStates)[number];

/** Which events a webhook gets, and where. */
class WebhookTarget {
  /** The only PODs whose events are sent. Unset: all of the client, and events that belong to none. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(MOST_PODS)
  @IsName({ each: true })
  pods?: string[];

  /** The only CloudEvents types that are sent. Unset: all. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(100)
  @Matches(EVENT_TYPE, { each: true })
  types?: string[];

  /** `cdevents`: a batch of what CDEvents 0.4 has a word for, and nothing of other events. Default: `cloudevents`. */
  @IsOptional()
  @IsIn(eventFormats)
  format?: EventFormat;

  /** For people: whose it is, what for. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;
}

/** Body of `POST /v1/webhooks`. */
export class NewWebhookRequest extends WebhookTarget {
  /** Where events are sent to. `https`, unless the hosting service allows private addresses. */
  @IsUrl(HTTP_URL)
  @MaxLength(2000)
  url: string;

  /** Whose events. Default: the caller's client. People of the hosting service must say it. */
  @IsOptional()
  @IsName()
  client?: string;

  /** Events after this sequence; `0`: from the beginning. Default: what comes from now on. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;
}

/** Body of `PATCH /v1/webhooks/:id`: what is left out stays. */
export class ChangeWebhookRequest extends WebhookTarget {
  @IsOptional()
  @IsUrl(HTTP_URL)
  @MaxLength(2000)
  url?: string;

  /** `paused`: events wait. `active`: they are sent again, from where it stopped, also after it was disabled. */
  @IsOptional()
  @IsIn(['active', 'paused'])
  state?: 'active' | 'paused';
}

/** Query of `GET /v1/webhooks`. */
export class WebhooksQuery {
  /** Only those of this client. */
  @IsOptional()
  @Matches(NAME)
  client?: string;
}

/** A URL that gets the events of a client. */
export class WebhookView extends WebhookTarget {
  @Matches(ULID)
  id: string;

  @Matches(NAME)
  client: string;

  @IsString()
  url: string;

  @IsIn(webhookStates)
  state: WebhookState;

  /** Why it is disabled. */
  @IsOptional()
  @IsString()
  disabledReason?: string;

  /** Sequence of the last event that was taken, or did not pass the filter. */
  @IsInt()
  @Min(0)
  sequence: number;

  /** Tries that failed since the last one that did not. */
  @IsInt()
  @Min(0)
  failures: number;

  /** Since when it fails. */
  @IsOptional()
  @IsISO8601({ strict: true })
  failingSince?: string;

  /** Before this moment nothing is sent. */
  @IsOptional()
  @IsISO8601({ strict: true })
  retryAt?: string;

  /** Until when the secret before the present one signs too. */
  @IsOptional()
  @IsISO8601({ strict: true })
  previousSecretUntil?: string;

  @IsISO8601({ strict: true })
  createdAt: string;
}

/** A webhook with a new secret. The only time that it is shown. */
export class NewWebhookView extends WebhookView {
  /** `whsec_…`: what is sent is signed with it as Standard Webhooks has it. It cannot be had again. */
  @IsString()
  secret: string;
}

/** Webhooks, oldest first. */
export class WebhookList {
  @IsArray()
  @Nested(() => WebhookView)
  webhooks: WebhookView[];
}

/** Query of `GET /v1/webhooks/:id/deliveries`. */
export class DeliveriesQuery {
  /** Most entries. Default 50. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Only those older than this delivery: the next page. */
  @IsOptional()
  @Matches(ULID)
  before?: string;

  /** Only those in this state. */
  @IsOptional()
  @IsIn(['delivered', 'failed'])
  state?: 'delivered' | 'failed';
}

/** One event on its way to a webhook. */
export class DeliveryView {
  @Matches(ULID)
  id: string;

  /** Id of the event; what is sent has it as `webhook-id`, the same at every try. */
  @Matches(ULID)
  eventId: string;

  @IsString()
  type: string;

  /** Of the event. Unset for a test. */
  @IsOptional()
  @IsInt()
  @Min(1)
  sequence?: number;

  /** delivered: a try was answered with 2xx. failed: no try was so far. */
  @IsIn(['delivered', 'failed'])
  state: 'delivered' | 'failed';

  @IsInt()
  @Min(1)
  tries: number;

  /** Status of the last answer; unset when there was none. */
  @IsOptional()
  @IsInt()
  status?: number;

  /** What was wrong with the last try. */
  @IsOptional()
  @IsString()
  error?: string;

  /** Of the last try, in milliseconds. */
  @IsInt()
  @Min(0)
  durationMs: number;

  @IsISO8601({ strict: true })
  firstTriedAt: string;

  @IsISO8601({ strict: true })
  lastTriedAt: string;
}

/** Deliveries of a webhook, newest first. */
export class DeliveryList {
  @IsArray()
  @Nested(() => DeliveryView)
  deliveries: DeliveryView[];
}
