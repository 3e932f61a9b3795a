import type { Check, Verdict } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { percentile } from './percentile.js';
import type { ProbeFinding } from './probe.js';
import { sampled, type SampledFinding } from './sample-set.js';

const verdicts: Record<string, Verdict> = { p: 'passed', f: 'failed', e: 'error', i: 'inconclusive' };

/** Each letter is the verdict of a try; `s` failed by being slow. */
async function of(
  check: Partial<Check>,
  tries: string,
  values: number[] = [],
): Promise<SampledFinding & { taken: number; pauses: number }> {
  let [taken, pauses] = [0, 0];
  const take = async (): Promise<ProbeFinding> => {
    const letter = tries[taken] ?? 'x';
    if (letter === 'x') throw new Error('tried too often');
    const value = values[taken];
    taken += 1;
    return {
      verdict: letter === 's' ? 'failed' : verdicts[letter]!,
      detail: `try ${letter}`,
      ...(letter === 's' ? { tooSlow: true } : {}),
      ...(value === undefined ? {} : { value }),
    };
  };
  const finding = await sampled({ probe: 'http', ...check }, { take, pause: async () => void pauses++ });
  return { ...finding, taken, pauses };
}

describe('tries', () => {
  it.each<[Partial<Check>, string, Verdict, string]>([
    [{}, 'p', 'passed', 'try p'],
    [{}, 'fp', 'passed', 'try p (try 2)'],
    [{}, 'fef', 'failed', 'try f (try 3)'],
    [{ tries: 1 }, 'e', 'error', 'try e'],
    [{ tries: 5, consecutive: 2 }, 'pfpp', 'passed', 'try p (try 4)'],
    [{ consecutive: 2, tries: 3 }, 'pfp', 'failed', 'try f (try 3)'],
    [{ consecutive: 4 }, 'pppp', 'passed', 'try p (try 4)'],
    [{ probe: 'comparison', samples: 20 }, 'f', 'failed', 'try f'],
    [{ probe: 'comparison', samples: 20 }, 'p', 'passed', 'try p'],
  ])('%j of %s: %s', async (check, tries, verdict, detail) => {
    expect(await of(check, tries)).toMatchObject({ verdict, detail, taken: tries.length });
  });

  it('wait between each other, and not after the last', async () => {
    expect(await of({}, 'fff')).toMatchObject({ pauses: 2 });
    expect(await of({ samples: 3 }, 'fppp')).toMatchObject({ pauses: 3 });
  });
});

describe('samples', () => {
  const told = (verdict: Verdict, counts: object, detail: string) => ({ verdict, counts, detail });

  it.each<[Partial<Check>, string, ReturnType<typeof told>]>([
    [
      { samples: 3 },
      'fppp',
      told('passed', { passed: 3, failed: 0, error: 0, inconclusive: 0 }, '3 of 3 samples passed'),
    ],
    [
      { samples: 4, failureLimit: 1, errorLimit: 1, inconclusiveLimit: 1 },
      'pfei',
      told('passed', { passed: 1, failed: 1, error: 1, inconclusive: 1 }, '1 of 4 samples passed'),
    ],
    [
      { samples: 9, failureLimit: 1 },
      'pfpf',
      told(
        'failed',
        { passed: 2, failed: 2, error: 0, inconclusive: 0 },
        'try f (2 of 4 samples, at most 1)',
      ),
    ],
    [
      { samples: 9, failureLimit: 8 },
      'pffe',
      told('error', { passed: 1, failed: 2, error: 1, inconclusive: 0 }, 'try e (1 of 4 samples, at most 0)'),
    ],
    [
      { samples: 9 },
      'pi',
      told(
        'inconclusive',
        { passed: 1, failed: 0, error: 0, inconclusive: 1 },
        'try i (1 of 2 samples, at most 0)',
      ),
    ],
  ])('%j of %s', async (check, tries, expected) => {
    expect(await of(check, tries)).toMatchObject({ ...expected, taken: tries.length });
  });

  it('are not begun before it has passed', async () => {
    const finding = await of({ samples: 5, failureLimit: 4 }, 'fff');
    expect(finding).toMatchObject({ verdict: 'failed', taken: 3 });
    expect(finding.counts).toBeUndefined();
  });
});

describe('latency', () => {
  const check = { samples: 20, maxLatencyMs: 100 };
  const fast = Array.from({ length: 18 }, () => 10);

  it('is judged by p95 of all samples: of 20, one may be slower', async () => {
    const one = await of(check, `${'p'.repeat(19)}s`, [...fast, 10, 900]);
    expect(one).toMatchObject({ verdict: 'passed', counts: { passed: 20 } });
    expect(one.measures).toEqual([
      { what: 'latency p95', unit: 'ms', value: 10, max: 100, values: [...fast, 10, 900] },
    ]);
    const two = await of(check, `${'p'.repeat(18)}ss`, [...fast, 800, 900]);
    expect(two).toMatchObject({
      verdict: 'failed',
      detail: 'p95 of 20 answers is 800 ms, at most 100 ms',
      measures: [{ value: 800, max: 100 }],
    });
  });

  it('of a single sample is its own', async () => {
    expect(await of({ maxLatencyMs: 100, tries: 2 }, 'sp', [900, 40])).toMatchObject({
      verdict: 'passed',
      measures: [{ what: 'latency p95', value: 40, max: 100 }],
    });
    expect(await of({ maxLatencyMs: 100, tries: 1 }, 's', [900])).toMatchObject({ verdict: 'failed' });
  });

  it('keeps the last 20 values', async () => {
    const values = Array.from({ length: 50 }, (_, index) => index);
    const [measure] = (await of({ samples: 50 }, 'p'.repeat(50), values)).measures ?? [];
    expect(measure).toEqual({
      ...{ what: 'latency p95', unit: 'ms', value: 47 },
      values: values.slice(-20),
    });
  });
});

it.each([
  [[], 0.95, undefined],
  [[7], 0.95, 7],
  [[3, 1, 2], 0.5, 2],
  [[4, 3, 2, 1], 0.5, 2],
  [Array.from({ length: 100 }, (_, index) => 100 - index), 0.95, 95],
])('percentile of %j at %d is %s', (values, part, expected) => {
  expect(percentile(values, part)).toBe(expected);
});
