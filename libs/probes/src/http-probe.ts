import { Client, errors } from 'undici';
import type { Check } from '@podway/contracts';
import { serverAddress } from './server-address.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** More of a body is not looked at. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Asks the server's own address, under a host name of the POD. Redirects are answers, and are not followed. */
export class HttpProbe implements Probe {
  readonly kind = 'http';

  describe(check: Check): string {
    return `http GET ${check.path ?? '/'}`;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    const { expectStatus = 200, expectText } = check;
    const { origin } = serverAddress(target.server);
    // A connection of its own: one that was kept would test the past.
    const client = new Client(origin, { pipelining: 0 });
    try {
      const headers = hostHeader(check, target);
      const request = { method: 'GET', path: check.path ?? '/', headers, signal } as const;
      const { statusCode, body } = await client.request(request).catch(notHttp);
      const text = await textOf(body).catch((error: Error) => error);
      if (statusCode !== expectStatus) return failed(`status ${statusCode} instead of ${expectStatus}`);
      if (typeof text !== 'string') {
        return {
          verdict: 'inconclusive',
          detail: `status ${statusCode}, then the answer broke off: ${text.message}`,
        };
      }
      if (expectText !== undefined && !text.includes(expectText)) {
        return failed(`status ${statusCode}, but ${JSON.stringify(expectText)} is not in the answer`);
      }
      return { verdict: 'passed', detail: `status ${statusCode}` };
    } catch (error) {
      if (error instanceof NotHttpError) return failed(error.message);
      throw error;
    } finally {
      await client.destroy();
    }
  }
}

class NotHttpError extends Error {}

function notHttp(error: Error): never {
  if (error instanceof errors.HTTPParserError) throw new NotHttpError('the answer is not HTTP');
  throw error;
}

function hostHeader({ host }: Check, { hosts }: ProbeTarget): Record<string, string> {
  const value = host ?? hosts[0];
  return value === undefined ? {} : { host: value };
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

function failed(detail: string): ProbeFinding {
  return { verdict: 'failed', detail };
}
