import type { IncomingMessage } from 'node:http';
import { refuseUnstorableText } from './storable-text.js';
import { BadRequestError } from '../problems/api.errors.js';

/** Deeper documents than any of ours; parsers downstream are recursive. */
const MOST_DEPTH = 32;

/** The media type of a request's body in lower case, without parameters; empty when there is none. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Refuses compressed bodies: what they unfold to cannot be bounded by what comes in. */
export function refuseContentEncoding(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new BadRequestError(
      'UNSUPPORTED_MEDIA_TYPE',
      'Content-Encoding is not taken; send the body as it is',
    );
  }
}

/** The body as text, at most `limitBytes` of it; empty when there is no body. */
async function readText(request: IncomingMessage, limitBytes: number): Promise<string> {
  const tooLarge = new BadRequestError(
    'BODY_TOO_LARGE',
    `The body is larger than ${limitBytes} bytes, the most that is taken here`,
  );
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The stream stays usable after a refusal: the problem filter reads the rest away.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limitBytes) throw tooLarge;
      chunks.push(chunk);
    }
  } catch (error) {
    if (error === tooLarge) throw error;
    throw new BadRequestError('BODY_CUT_SHORT', 'The connection ended before the body did');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BadRequestError('MALFORMED_JSON', 'The body is not UTF-8');
  }
}

/** The JSON body of a request, or undefined when it has none. */
export async function readJson(request: IncomingMessage, limitBytes: number): Promise<unknown> {
  refuseContentEncoding(request);
  const type = mediaTypeOf(request);
  if (type !== '' && type !== 'application/json') {
    throw new BadRequestError('UNSUPPORTED_MEDIA_TYPE', `The body must be application/json, not ${type}`);
  }
  const text = await readText(request, limitBytes);
  if (text === '') return undefined;
  if (type === '') {
    throw new BadRequestError('UNSUPPORTED_MEDIA_TYPE', 'The body must say Content-Type: application/json');
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new BadRequestError('MALFORMED_JSON', `The body is not JSON: ${(cause as Error).message}`);
  }
  refuseTooDeep(json);
  refuseUnstorableText('The body', json);
  return json;
}

function refuseTooDeep(json: unknown): void {
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_DEPTH) {
      throw new BadRequestError('JSON_TOO_DEEP', `The body is nested deeper than ${MOST_DEPTH} levels`);
    }
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
}
