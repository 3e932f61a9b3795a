import type { Check } from '@podway/contracts';
import { askServer, NotHttpError, type HttpAnswer } from './http-request.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** Asks one page of the server. */
export class HttpProbe implements Probe {
  readonly kind = 'http';

  describe(check: Check): string {
    return `http GET ${check.path ?? '/'}`;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    try {
      const answer = await askServer(target.server, check, target.hosts, signal);
      return { ...judged(check, answer), value: answer.latencyMs };
    } catch (error) {
      if (error instanceof NotHttpError) return { verdict: 'failed', detail: error.message };
      throw error;
    }
  }
}

function judged(check: Check, { status, body, latencyMs }: HttpAnswer): ProbeFinding {
  const { expectStatus = 200, expectText, maxLatencyMs = Infinity } = check;
  if (status !== expectStatus) return failed(`status ${status} instead of ${expectStatus}`);
  if (typeof body !== 'string') {
    return {
      verdict: 'inconclusive',
      detail: `status ${status}, then the answer broke off: ${body.message}`,
    };
  }
  if (expectText !== undefined && !body.includes(expectText)) {
    return failed(`status ${status}, but ${JSON.stringify(expectText)} is not in the answer`);
  }
  if (latencyMs > maxLatencyMs) {
    const detail = `status ${status} after ${Math.round(latencyMs)} ms, at most ${maxLatencyMs} ms`;
    return { ...failed(detail), tooSlow: true };
  }
  return { verdict: 'passed', detail: `status ${status}` };
}

function failed(detail: string): ProbeFinding {
  return { verdict: 'failed', detail };
}
