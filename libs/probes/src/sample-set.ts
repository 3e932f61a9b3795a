import type { Check, Measure, SampleCounts, Verdict } from '@podway/contracts';
import { lastValues, percentile, rounded } from './percentile.js';
import type { ProbeFinding } from './probe.js';

/** What all tries of a check have shown together. */
export interface SampledFinding extends ProbeFinding {
  readonly counts?: SampleCounts;
}

/** Takes one try, or waits between two. Both reject when the whole is given up. */
export interface Sampler {
  take(): Promise<ProbeFinding>;
  pause(): Promise<void>;
}

const limits = {
  failed: 'failureLimit',
  error: 'errorLimit',
  inconclusive: 'inconclusiveLimit',
} as const satisfies Partial<Record<Verdict, keyof Check>>;

/**
 * Tries until a check has passed, often enough in a row; then takes the samples that are left. It ends as soon as the
 * verdict is clear.
 */
export async function sampled(check: Check, sampler: Sampler): Promise<SampledFinding> {
  const settled = await settle(check, sampler);
  // A comparison has taken its samples itself.
  const { samples = 1, probe } = check;
  if (settled.finding.verdict !== 'passed' || samples === 1 || probe === 'comparison') {
    const { finding, tried } = settled;
    const detail = tried > 1 ? `${finding.detail} (try ${tried})` : finding.detail;
    return { ...finding, detail, measures: finding.measures ?? measuresOf(check, [finding]) };
  }
  return measure(check, settled.finding, samples, sampler);
}

async function settle(
  { tries, consecutive = 1, probe }: Check,
  { take, pause }: Sampler,
): Promise<{ finding: ProbeFinding; tried: number }> {
  const most = tries ?? Math.max(probe === 'comparison' ? 1 : 3, consecutive);
  let inRow = 0;
  let bad: ProbeFinding | undefined;
  for (let tried = 1; ; tried += 1) {
    const finding = await take();
    if (finding.verdict === 'passed') inRow += 1;
    else [inRow, bad] = [0, finding];
    if (inRow >= consecutive) return { finding, tried };
    // What did not pass is told, also when the last try did.
    if (tried >= most) return { finding: bad ?? finding, tried };
    await pause();
  }
}

async function measure(
  check: Check,
  first: ProbeFinding,
  samples: number,
  { take, pause }: Sampler,
): Promise<SampledFinding> {
  const findings = [first];
  const counts: SampleCounts = { passed: 1, failed: 0, error: 0, inconclusive: 0 };
  while (findings.length < samples) {
    await pause();
    const finding = await take();
    findings.push(finding);
    // Slowness is judged over all of them, as p95.
    const verdict = finding.tooSlow ? 'passed' : finding.verdict;
    counts[verdict] += 1;
    const limit = verdict === 'passed' ? undefined : limits[verdict];
    if (verdict !== 'passed' && limit && counts[verdict] > (check[limit] ?? 0)) {
      const detail = `${finding.detail} (${counts[verdict]} of ${findings.length} samples, at most ${check[limit] ?? 0})`;
      return { verdict, detail, counts, measures: measuresOf(check, findings) };
    }
  }
  const measures = measuresOf(check, findings);
  const p95 = measures.find(({ what }) => what === 'latency p95');
  if (p95?.max !== undefined && p95.value > p95.max) {
    const detail = `p95 of ${samples} answers is ${Math.round(p95.value)} ms, at most ${p95.max} ms`;
    return { verdict: 'failed', detail, counts, measures };
  }
  return { verdict: 'passed', detail: `${counts.passed} of ${samples} samples passed`, counts, measures };
}

/** What the findings measured: latency of http, the value of a metric; nothing of probes that measure nothing. */
function measuresOf({ probe, maxLatencyMs, max, min }: Check, findings: readonly ProbeFinding[]): Measure[] {
  const values = findings.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const last = values.at(-1);
  if (last === undefined) return [];
  const many = values.length > 1 ? { values: lastValues(values) } : {};
  if (probe === 'http') {
    const p95 = rounded(percentile(values, 0.95) ?? last);
    return [{ what: 'latency p95', unit: 'ms', value: p95, ...set({ max: maxLatencyMs }), ...many }];
  }
  const [own] = findings.at(-1)?.measures ?? [];
  return [{ ...(own ?? { what: 'value', value: rounded(last), ...set({ max, min }) }), ...many }];
}

/** Only what there is. */
function set<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}
