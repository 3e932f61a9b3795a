import { Client, errors } from 'undici';
import type { Check, ServerSpec } from '@podway/contracts';
import { serverAddress } from './server-address.js';

/** More of a body is not looked at. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** The body, or why it broke off. */
  readonly body: string | Error;
  /** From the beginning of the connection to the end of the body, in milliseconds. */
  readonly latencyMs: number;
}

/** The server speaks, but not HTTP. */
export class NotHttpError extends Error {}

/**
 * Asks the server's own address, under a host name of the POD. Redirects are answers, and are not followed.
 * Rejects with {@link NotHttpError}, or with what the connection broke of.
 */
export async function askServer(
  server: ServerSpec,
  { path = '/', host }: Pick<Check, 'path' | 'host'>,
  hosts: readonly string[],
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { origin } = serverAddress(server);
  // A connection of its own: one that was kept would test the past.
  const client = new Client(origin, { pipelining: 0 });
  const begun = performance.now();
  try {
    const name = host ?? hosts[0];
    const headers = name === undefined ? {} : { host: name };
    const answer = await client.request({ method: 'GET', path, headers, signal }).catch(notHttp);
    const body = await textOf(answer.body).catch((error: Error) => error);
    return { status: answer.statusCode, body, latencyMs: performance.now() - begun };
  } finally {
    await client.destroy();
  }
}

function notHttp(error: Error): never {
  if (error instanceof errors.HTTPParserError) throw new NotHttpError('the answer is not HTTP');
  throw error;
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}
