import { IsIn, IsObject, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ulid } from 'ulid';
import { IsTimestamp } from './forms.js';
import { ULID, TRACEPARENT } from './patterns.js';
import { messageOf, messageOfType, type MessageClass, type MessageDefinition } from './registry.js';
import { InvalidInputError, validated } from './validation.js';
import { PodwayError } from './errors.js';

/** CloudEvents 1.0 in structured JSON mode. https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md */
export class Envelope<T extends object = object> {
  @IsIn(['1.0'])
  specversion = '1.0' as const;

  /** ULID. The inbox of a receiver refuses the same id twice. */
  @Matches(ULID)
  id: string;

  /** `/podway/<service>` */
  @IsString()
  @MaxLength(200)
  source: string;

  @IsString()
  @MaxLength(200)
  type: string;

  /** `<client>/<pod>` once known; else unset. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  subject?: string;

  /** RFC 3339, UTC. */
  @IsTimestamp()
  time: string;

  @IsIn(['application/json'])
  datacontenttype = 'application/json' as const;

  /** Extension: W3C Trace Context. */
  @Matches(TRACEPARENT)
  traceparent: string;

  /** Extension: the deployment this belongs to; the correlation id everywhere. */
  @IsOptional()
  @Matches(ULID)
  deploymentid?: string;

  /** Extension: position in the public event log, as decimal digits. Set on published events only. */
  @IsOptional()
  @Matches(/^[0-9]{1,19}$/)
  sequence?: string;

  @IsObject()
  data: T;
}

/** A type that this process does not know: newer than it, or not ours. Dead-lettered, not retried. */
export class UnknownMessageTypeError extends PodwayError {
  constructor(type: string) {
    super('MESSAGE.UNKNOWN_TYPE', `Message type ${type} is not known to this version of Podway`, {
      details: { type },
    });
  }
}

export interface EnvelopeOptions {
  /** The sending service; becomes `/podway/<service>`. */
  source: string;
  /** The trace that it belongs to, and the span that it comes from. A new trace is begun when it is left out. */
  traceparent?: string;
  deploymentId?: string;
  subject?: string;
  /** Default: a new ULID. Give it to make a repeated send carry the same id. */
  id?: string;
  /** Default: now. */
  time?: Date;
}

function randomHex(bytes: number): string {
  const buffer = new Uint8Array(bytes);
  globalThis.crypto.getRandomValues(buffer);
  return Array.from(buffer, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `parent` as it is, for spans are made by those who trace; without one, a new sampled trace. */
function traceOf(parent: string | undefined): string {
  return parent !== undefined && TRACEPARENT.test(parent) ? parent : childTraceparent();
}

/** A span below `parent`, or a new sampled trace. */
export function childTraceparent(parent?: string): string {
  const trace = parent && TRACEPARENT.test(parent) ? parent.slice(3, 35) : randomHex(16);
  return `00-${trace}-${randomHex(8)}-01`;
}

/** Wraps a declared message. The payload is validated: a message that its receiver would refuse is never sent. */
export function envelop<T extends object>(payload: T, options: EnvelopeOptions): Envelope<T> {
  const definition = messageOf(payload.constructor as MessageClass<T>);
  const envelope = new Envelope<T>();
  envelope.id = options.id ?? ulid();
  envelope.source = `/podway/${options.source}`;
  envelope.type = definition.type;
  envelope.time = (options.time ?? new Date()).toISOString();
  envelope.traceparent = traceOf(options.traceparent);
  if (options.subject !== undefined) envelope.subject = options.subject;
  const deploymentId = options.deploymentId ?? (payload as { deploymentId?: string }).deploymentId;
  if (deploymentId !== undefined) envelope.deploymentid = deploymentId;
  envelope.data = validated(definition.payload, payload);
  return envelope;
}

export interface ParsedMessage<T extends object = object> {
  readonly definition: MessageDefinition<T>;
  readonly envelope: Envelope<T>;
  readonly payload: T;
}

/**
 * Reads structured JSON. Throws {@link InvalidInputError} for a wrong form and
 * {@link UnknownMessageTypeError} for an undeclared type; neither is worth a retry.
 */
export function parseMessage(json: string | Uint8Array | object): ParsedMessage {
  let plain: unknown = json;
  if (typeof json === 'string' || json instanceof Uint8Array) {
    try {
      plain = JSON.parse(
        typeof json === 'string' ? json : new TextDecoder('utf-8', { fatal: true }).decode(json),
      );
    } catch (cause) {
      throw new InvalidInputError('Message', [`not JSON: ${(cause as Error).message}`]);
    }
  }
  const envelope = validated(Envelope, plain, { subject: 'Envelope' });
  const definition = messageOfType(envelope.type);
  if (!definition) throw new UnknownMessageTypeError(envelope.type);
  // `validated` turns nested data into a plain object; the payload class gives it its form back.
  const payload = validated(definition.payload, (plain as { data: unknown }).data, {
    subject: definition.name,
  });
  envelope.data = payload;
  return { definition, envelope, payload };
}
