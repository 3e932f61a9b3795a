import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, Measure, ServerSpec } from '@podway/contracts';
import { askServer } from './http-request.js';
import { lastValues, percentile, rounded } from './percentile.js';
import { withoutOthers } from './others.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** Fewer answers of the others tell nothing. */
const FEWEST_ANSWERS = 5;
const NO_ANSWER = 'none';

/** What one side has answered. */
interface Side {
  readonly statuses: string[];
  /** Of whole answers. */
  readonly latencies: number[];
}

/** Asks the canary and servers on the old release the same, at the same moments, and compares. */
export class ComparisonProbe implements Probe {
  readonly kind = 'comparison';

  describe({ path = '/' }: Check): string {
    return `comparison GET ${path}`;
  }

  limitMs(check: Check): number {
    const { timeoutMs = 5_000 } = check;
    return (samplesOf(check) + 1) * (timeoutMs + intervalOf(check)) + 1_000;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    const { others = [] } = target;
    if (others.length === 0) return withoutOthers(check);
    const samples = samplesOf(check);
    const canary: Side = { statuses: [], latencies: [] };
    const old: Side = { statuses: [], latencies: [] };
    // The first answers pay for cold caches: they do not count.
    await Promise.all(
      [target.server, ...others].map((server) => ask(server, check, target, signal, undefined)),
    );
    for (let sample = 0; sample < samples; sample += 1) {
      await sleep(intervalOf(check), undefined, { signal });
      const other = others[sample % others.length] as ServerSpec;
      await Promise.all([
        ask(target.server, check, target, signal, canary),
        ask(other, check, target, signal, old),
      ]);
    }
    return judged(check, canary, old);
  }
}

function samplesOf({ samples = 20 }: Check): number {
  return samples;
}

function intervalOf({ intervalMs = 50 }: Check): number {
  return intervalMs;
}

async function ask(
  server: ServerSpec,
  check: Check,
  { hosts }: ProbeTarget,
  signal: AbortSignal,
  side: Side | undefined,
): Promise<void> {
  const time = AbortSignal.any([signal, AbortSignal.timeout(check.timeoutMs ?? 5_000)]);
  const answer = await askServer(server, check, hosts, time).catch(() => undefined);
  signal.throwIfAborted();
  const whole = answer !== undefined && typeof answer.body === 'string';
  side?.statuses.push(whole ? String(answer.status) : NO_ANSWER);
  if (whole) side?.latencies.push(answer.latencyMs);
}

function judged(check: Check, canary: Side, old: Side): ProbeFinding {
  const samples = canary.statuses.length;
  const needed = Math.max(FEWEST_ANSWERS, Math.ceil(samples / 2));
  const measures = measuresOf(check, canary, old);
  if (old.latencies.length < needed) {
    const detail = `too few samples: ${old.latencies.length} of ${samples} requests to the others were answered, ${needed} are needed`;
    return { verdict: 'inconclusive', detail, measures };
  }
  const problems = measures.flatMap((measure) => problemOf(measure, check, canary, old));
  const told = problems.length > 0 ? problems : [`${statusText(canary)}; the others ${statusText(old)}`];
  const detail = `${samples} requests to each side: ${told.join('; ')}`;
  return { verdict: problems.length > 0 ? 'failed' : 'passed', detail, measures };
}

function problemOf(
  { what, value, others = 0, max = Infinity }: Measure,
  { maxLatencyRatio = 2, latencyFloorMs = 50 }: Check,
  canary: Side,
  old: Side,
): string[] {
  if (value <= max + 1e-9) return [];
  if (what === 'statuses') return [`${statusText(canary)}; the others ${statusText(old)}`];
  const rule = `at most ${maxLatencyRatio} times and ${latencyFloorMs} ms more`;
  return [`${what} is ${Math.round(value)} ms, of the others ${Math.round(others)} ms (${rule})`];
}

/**
 * statuses: by how much the canary's shares of statuses other than 2xx are above those of the others, summed up. It is
 * 0 when the canary answers as they do or better. latency: p50 and p95 of each side.
 */
function measuresOf(check: Check, canary: Side, old: Side): Measure[] {
  const { maxStatusDifference = 0, maxLatencyRatio = 2, latencyFloorMs = 50 } = check;
  const bad = [...new Set(canary.statuses)].filter((status) => !/^2/.test(status));
  const excess = bad.reduce(
    (sum, status) => sum + Math.max(0, shareOf(canary, status) - shareOf(old, status)),
    0,
  );
  const statuses: Measure = {
    what: 'statuses',
    unit: 'share',
    value: rounded(excess),
    max: maxStatusDifference,
  };
  const latencies = (
    [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const
  ).flatMap(([name, part]): Measure[] => {
    const [own, others] = [percentile(canary.latencies, part), percentile(old.latencies, part)];
    if (own === undefined || others === undefined) return [];
    const max = Math.max(others * maxLatencyRatio, others + latencyFloorMs);
    return [
      {
        ...{ what: `latency ${name}`, unit: 'ms', value: rounded(own), others: rounded(others) },
        ...{ max: rounded(max), values: lastValues(canary.latencies) },
      },
    ];
  });
  return [statuses, ...latencies];
}

function shareOf({ statuses }: Side, status: string): number {
  return statuses.length === 0 ? 0 : statuses.filter((one) => one === status).length / statuses.length;
}

/** `200 18 times, 500 2 times` */
function statusText({ statuses }: Side): string {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  const told = [...counts].sort(([, a], [, b]) => b - a).slice(0, 8);
  return told
    .map(([status, count]) => `${status === NO_ANSWER ? 'no answer' : status} ${count} times`)
    .join(', ');
}
