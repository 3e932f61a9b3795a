import type { ProbeEvidence, Verdict } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { baked } from './baking.js';

const evidence = (verdict: Verdict = 'passed'): ProbeEvidence[] => [
  { server: 'web1', probe: 'http GET /', verdict, detail: verdict, durationMs: 10 },
];

function scene(verdicts: Verdict[] = []) {
  const said: { message: string; percent?: number }[] = [];
  let rounds = 0;
  const round = async (): Promise<ProbeEvidence[]> => evidence(verdicts[rounds++] ?? 'passed');
  const progress = (message: string, at: { percent?: number } = {}): void =>
    void said.push({ message, ...at });
  const bake = (bakeMs: number, everyMs: number, signal = new AbortController().signal) =>
    baked(evidence(), round, { bakeMs, everyMs, server: 'web1' }, { progress }, signal);
  return { said, bake, made: () => rounds };
}

describe('the canary that is watched', () => {
  it('is looked at again and again, the last time at the end, and told about', async () => {
    const { said, bake, made } = scene();
    const [one] = await bake(100, 30);
    expect(made()).toBeGreaterThanOrEqual(2);
    expect(one).toMatchObject({ rounds: made() + 1, durationMs: 10 * (made() + 1) });
    expect(said[0]).toEqual({
      ...{ message: 'watching the canary: 0 of 0 s, 1 rounds of checks passed', percent: 0 },
      server: 'web1',
    });
    const percents = said.map(({ percent = 0 }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(Math.max(...percents)).toBeLessThanOrEqual(100);
  });

  it('has its last look at the end, however long the time between is', async () => {
    const { bake, made } = scene();
    await bake(50, 600_000);
    expect(made()).toBe(1);
  });

  it.each(['failed', 'error', 'inconclusive'] as const)('is not watched on when a round %s', async (bad) => {
    const { bake, made } = scene(['passed', bad]);
    expect(await bake(600_000, 1)).toMatchObject([{ verdict: bad, rounds: 3 }]);
    expect(made()).toBe(2);
  });

  it('is left alone when the step is given up', async () => {
    const given = new AbortController();
    const running = scene().bake(600_000, 600_000, given.signal);
    given.abort(new Error('a newer command'));
    await expect(running).rejects.toThrow('a newer command');
  });
});
