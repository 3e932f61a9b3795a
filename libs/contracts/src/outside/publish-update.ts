import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { UpdateView } from '../api/updates.js';
import { IsName, IsReleaseReference, Nested } from '../forms.js';
import { ERROR_CODE, SHA256 } from '../patterns.js';
import { InvalidInputError, validated } from '../validation.js';
import { updateModes, type UpdateMode } from '../update-modes.js';

/** Types of the CloudEvents between client systems and Podway over AMQP: docs/publishing.md. */
export const clientMessageTypes = {
  publish: 'io.podway.update.publish.v1',
  accepted: 'io.podway.update.accepted.v1',
  refused: 'io.podway.update.refused.v1',
} as const;

/** Ids of messages and idempotency keys: visible ASCII. */
export const MESSAGE_KEY = /^[\x21-\x7e]{1,200}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** More than any gateway takes inline; its setting is what counts. */
const LONGEST_BUNDLE = 32 * 1024 * 1024;

/** Where an update goes: at most one of `pod`, `pods` and `resource`. */
export class MessageTarget {
  @IsOptional()
  @IsName()
  pod?: string;

  /** Several PODs, in this order. */
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(1000)
  @IsName({ each: true })
  pods?: string[];

  /** One of the client's resources, which means all its PODs. */
  @IsOptional()
  @IsName()
  resource?: string;

  /** How several PODs are done. Default: as manifest or resource say, otherwise `in-order`. */
  @IsOptional()
  @IsIn(updateModes)
  mode?: UpdateMode;
}

/** What a client system asks for: `data` of its message. */
export class PublishUpdate {
  /** Where to. Default: the target in the bundle's manifest. */
  @IsOptional()
  @Nested(() => MessageTarget, { optional: true })
  target?: MessageTarget;

  /** SHA-256 of a bundle that the client has uploaded before. */
  @IsOptional()
  @Matches(SHA256)
  artifact?: string;

  /** A small bundle itself: tar or tar.gz, base64. */
  @IsOptional()
  @MaxLength(LONGEST_BUNDLE)
  @Matches(BASE64, { message: 'must be base64' })
  bundle?: string;

  /** Back to this kept release of the POD: its number, or `previous`. */
  @IsOptional()
  @IsReleaseReference()
  release?: number | 'previous';

  /** What the update is, in the publisher's words. Default: name and version of the manifest. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  /** Why it is made: kept with the release. */
  @IsOptional()
  @IsString()
  @MaxLength(500)
  reason?: string;

  /** Also when the release, or one with this artifact, is marked bad. It is recorded in the audit log. */
  @IsOptional()
  @IsBoolean()
  force?: boolean;

  /** The same key with the same content publishes once. Default: the id of the message. */
  @IsOptional()
  @Matches(MESSAGE_KEY, { message: 'must be 1 to 200 visible ASCII characters' })
  idempotencyKey?: string;

  /** What the publisher has signed about the update: a DSSE envelope. Its faults have codes of their own. */
  @IsOptional()
  @IsObject()
  signature?: object;
}

/** Reads `data` of a client's message. @throws InvalidInputError */
export function readPublishUpdate(data: object): PublishUpdate {
  const update = validated(PublishUpdate, data, { strict: true, subject: 'data' });
  for (const part of [update, update.target ?? {}]) dropNulls(part);
  const { artifact, bundle, release, target } = update;
  const given = [artifact, bundle, release].filter((one) => one !== undefined);
  if (given.length !== 1)
    throw new InvalidInputError('data', ['exactly one of artifact, bundle and release is needed']);
  if (release !== undefined && target?.pod === undefined)
    throw new InvalidInputError('data', ['target.pod: release needs it']);
  return update;
}

/** null is as good as nothing. */
function dropNulls(part: object): void {
  for (const [key, value] of Object.entries(part)) if (value === null) Reflect.deleteProperty(part, key);
}

/** The update was accepted: `data` of the answer. The deployments are on their way. */
export class UpdateAccepted {
  @Nested(() => UpdateView)
  update: UpdateView;

  /** `true`: this request was accepted before, nothing new was begun. */
  replayed: boolean;
}

/** The update was refused, nothing was begun: `data` of the answer. The codes are those of HTTP. */
export class UpdateRefused {
  /** Stable code: what programs decide by. */
  @Matches(ERROR_CODE)
  code: string;

  /** What went wrong this time and, where known, what to do. */
  @IsString()
  detail: string;

  /** Each place in the message that is wrong, and why. */
  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  problems?: string[];
}
