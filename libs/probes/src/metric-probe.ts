import { filledQuery, type Check, type Measure, type ServerSpec } from '@podway/contracts';
import { withoutOthers } from './others.js';
import { percentile, rounded } from './percentile.js';
import { queryMetric, MetricError, type MetricValue } from './prometheus-query.js';
import { serverAddress } from './server-address.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** Asks Prometheus for one number about the server. */
export class MetricProbe implements Probe {
  readonly kind = 'metric';

  describe({ query = '' }: Check): string {
    return `metric ${query}`;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    if (!target.metrics) return { verdict: 'error', detail: 'the POD names no Prometheus' };
    try {
      const value = await ask(check, target, target.server, signal);
      if (typeof value === 'string') return { verdict: 'inconclusive', detail: value };
      const alone = judged(check, value);
      if (alone.verdict !== 'passed' || check.maxRatio === undefined) return alone;
      return await compared(check, target, value, signal);
    } catch (error) {
      if (error instanceof MetricError) return { verdict: 'error', detail: error.message };
      throw error;
    }
  }
}

async function ask(
  { query = '' }: Check,
  { metrics }: ProbeTarget,
  server: ServerSpec,
  signal: AbortSignal,
): Promise<MetricValue> {
  const { url = '', pod = '', client = '' } = metrics ?? {};
  const address = new URL(serverAddress(server).origin).host;
  const values = { server: server.name, address, region: server.region ?? '', pod, client };
  return queryMetric(url, filledQuery(query, values), signal);
}

function judged({ max, min }: Check, value: number): ProbeFinding {
  const bounds = [
    ...(max !== undefined && value > max ? [`at most ${max}`] : []),
    ...(min !== undefined && value < min ? [`at least ${min}`] : []),
  ];
  const measured = Number.isFinite(value) ? { value } : {};
  if (bounds.length > 0)
    return { verdict: 'failed', detail: `${rounded(value)} instead of ${bounds.join(' and ')}`, ...measured };
  return { verdict: 'passed', detail: String(rounded(value)), ...measured };
}

/** Against the median of the others. */
async function compared(
  check: Check,
  target: ProbeTarget,
  value: number,
  signal: AbortSignal,
): Promise<ProbeFinding> {
  const { others = [] } = target;
  const { maxRatio = Infinity, floor = 0, max = Infinity, min } = check;
  if (others.length === 0) return withoutOthers(check);
  const answers = await Promise.all(others.map((server) => ask(check, target, server, signal)));
  const numbers = answers.filter((answer) => typeof answer === 'number');
  const median = percentile(numbers, 0.5);
  if (median === undefined || !Number.isFinite(median))
    return { verdict: 'inconclusive', detail: `no number of the ${others.length} others to compare with` };
  const most = Math.max(median * maxRatio, median + floor);
  const measure: Measure = {
    ...{ what: 'value', value: rounded(value), others: rounded(median) },
    ...{ max: rounded(Math.min(max, most)), ...(min === undefined ? {} : { min }) },
  };
  const measures = Number.isFinite(value) ? [measure] : [];
  const told = `${rounded(value)}, median of ${numbers.length} others ${rounded(median)}`;
  if (value > most + 1e-9)
    return { verdict: 'failed', detail: `${told}: at most ${rounded(most)}`, value, measures };
  return { verdict: 'passed', detail: told, value, measures };
}
