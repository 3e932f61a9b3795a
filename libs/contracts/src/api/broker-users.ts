import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { IsName, Nested } from '../forms.js';
import { NAME } from '../patterns.js';
import { Rule, type Unchecked } from '../rules.js';

/** `<client>-<8 hex>`: a user of RabbitMQ that Podway made for a client. */
export const BROKER_USER = /^[a-z0-9][a-z0-9-]{0,62}-[0-9a-f]{8}$/;

/** A stream has the events of all PODs. */
const streamOfAll = (body: Unchecked<NewBrokerUserRequest>): string | undefined =>
  body.stream === true && body.pods !== undefined ? 'is for users of all PODs: leave pods out' : undefined;

/** Body of `POST /v1/clients/:client/broker-users`. */
export class NewBrokerUserRequest {
  /** The only PODs that it may publish to, and whose events it may bind to. Unset: all of its client. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(100)
  @IsName({ each: true })
  pods?: string[];

  /** For people: whose it is, what for. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;

  /** Whether it may also read the stream of its client's events, which is made when it is not there yet. */
  @IsOptional()
  @IsBoolean()
  @Rule<NewBrokerUserRequest>(streamOfAll, {
    not: { required: ['stream', 'pods'], properties: { stream: { const: true } } },
  })
  stream?: boolean;
}

/** A user of RabbitMQ that Podway made for a client. */
export class BrokerUserView {
  @Matches(BROKER_USER)
  name: string;

  @Matches(NAME)
  client: string;

  @IsOptional()
  @IsArray()
  @Matches(NAME, { each: true })
  pods?: string[];

  @IsOptional()
  @IsString()
  note?: string;

  /** Whether it may read the stream of its client's events. */
  @IsOptional()
  @IsBoolean()
  stream?: boolean;

  @IsISO8601({ strict: true })
  createdAt: string;

  @IsOptional()
  @IsISO8601({ strict: true })
  revokedAt?: string;
}

/** A broker user with its new password. The only time that this is shown. */
export class NewBrokerUserView extends BrokerUserView {
  /** It cannot be had again. */
  @IsString()
  password: string;

  /** The exchange that it publishes to. */
  @IsString()
  exchange: string;

  /** What the names of its own queues begin with. */
  @IsString()
  queuePrefix: string;

  /** The stream of its client's events, where it may read that. */
  @IsOptional()
  @IsString()
  streamQueue?: string;
}

/** Broker users of a client, newest first, revoked ones too. */
export class BrokerUserList {
  @IsArray()
  @Nested(() => BrokerUserView)
  brokerUsers: BrokerUserView[];
}
