import { request } from 'undici';

const MAX_BODY_BYTES = 1024 * 1024;

/** A number, or why there is none. */
export type MetricValue = number | string;

/** Prometheus could not be asked, or its answer is no number: nothing is known about the server. */
export class MetricError extends Error {}

/**
 * An instant query. https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
 * Redirects are not followed. Errors do not name the address: whoever reads the evidence need not know it.
 * @throws MetricError
 */
export async function queryMetric(base: string, query: string, signal: AbortSignal): Promise<MetricValue> {
  const { statusCode, text } = await ask(base, query, signal);
  const answer = parsed(text);
  if (answer?.status === 'success') return valueOf(answer.data);
  const why = typeof answer?.error === 'string' ? `: ${answer.error.slice(0, 500)}` : '';
  throw new MetricError(`Prometheus answered with status ${statusCode}${why}`);
}

interface Answer {
  readonly status?: unknown;
  readonly error?: unknown;
  readonly data?: { readonly resultType?: unknown; readonly result?: unknown };
}

async function ask(
  base: string,
  query: string,
  signal: AbortSignal,
): Promise<{ statusCode: number; text: string }> {
  try {
    const url = `${base.replace(/\/+$/, '')}/api/v1/query`;
    const body = new URLSearchParams({ query }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await request(url, { method: 'POST', headers, body, signal });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) throw new MetricError('the answer of Prometheus is too large');
      chunks.push(chunk);
    }
    return { statusCode: answer.statusCode, text: Buffer.concat(chunks).toString() };
  } catch (error) {
    // Whoever gave the time knows that it is up.
    if (signal.aborted || error instanceof MetricError) throw error;
    const code = (error as { code?: unknown }).code;
    throw new MetricError(`Prometheus cannot be reached${typeof code === 'string' ? ` (${code})` : ''}`, {
      cause: error,
    });
  }
}

function parsed(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer | undefined;
  } catch {
    return undefined;
  }
}

function valueOf(data: Answer['data']): MetricValue {
  const { resultType, result } = data ?? {};
  if (resultType === 'scalar') return numberOf(result);
  if (resultType !== 'vector' || !Array.isArray(result))
    throw new MetricError(`the query gives no number but a ${String(resultType).slice(0, 50)}`);
  if (result.length === 0) return 'the query gives no data';
  if (result.length > 1)
    throw new MetricError(
      `the query gives ${result.length} series instead of one: aggregate them, with sum() for example`,
    );
  return numberOf((result[0] as { value?: unknown } | null)?.value);
}

/** Of a pair of time and number, as text. */
function numberOf(pair: unknown): MetricValue {
  const text: unknown = Array.isArray(pair) ? pair[1] : undefined;
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  if (text === 'NaN') return 'the query gives NaN: there was nothing to divide by';
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : NaN;
  if (Number.isNaN(value)) throw new MetricError('the answer of Prometheus has no number');
  return value;
}
