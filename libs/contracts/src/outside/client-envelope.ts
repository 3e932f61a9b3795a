import { Equals, IsIn, IsObject, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { PodwayError } from '../errors.js';
import { IsTimestamp } from '../forms.js';
import { TRACEPARENT } from '../patterns.js';
import { InvalidInputError, validated } from '../validation.js';
import { UnknownMessageTypeError } from '../envelope.js';
import { clientMessageTypes, MESSAGE_KEY } from './publish-update.js';

/** A CloudEvent of a client system. Attributes that are not known here are left alone, as the standard asks. */
export class ClientEnvelope {
  @IsIn(['1.0'])
  specversion: string;

  @Matches(MESSAGE_KEY, { message: 'must be 1 to 200 visible ASCII characters' })
  id: string;

  @IsString()
  @MinLength(1)
  @MaxLength(200)
  source: string;

  @IsString()
  @MinLength(1)
  @MaxLength(200)
  type: string;

  @IsOptional()
  @IsTimestamp()
  time?: string;

  @IsOptional()
  @Equals('application/json')
  datacontenttype?: string;

  @IsOptional()
  @Matches(TRACEPARENT)
  traceparent?: string;

  @IsObject()
  data: object;
}

/** The message is no JSON text. */
export class NotJsonError extends PodwayError {
  constructor(cause: unknown) {
    super('MESSAGE.NOT_JSON', `The message is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/**
 * The CloudEvent in a message; what it carries is not looked at yet.
 * @throws NotJsonError; InvalidInputError; UnknownMessageTypeError for any other type, other versions too.
 */
export function readClientEnvelope(body: Uint8Array): ClientEnvelope {
  let plain: unknown;
  try {
    plain = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new NotJsonError(error);
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    throw new InvalidInputError('The message', ['an object is required']);
  }
  // Attributes only: data has rules of its own, and its faults are answered.
  const { data, ...attributes } = plain as Record<string, unknown>;
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  const shown = { ...attributes, ...(isObject ? { data: {} } : { data }) };
  const envelope = validated(ClientEnvelope, shown, { subject: 'The message' });
  if (envelope.type !== clientMessageTypes.publish) throw new UnknownMessageTypeError(envelope.type);
  envelope.data = data as object;
  return envelope;
}
