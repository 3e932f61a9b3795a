import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeEvidence } from '@podway/contracts';
import { verdictOf } from '@podway/probes';
import type { StepContext } from '@podway/state';

export interface Baking {
  /** How long the canary is watched. */
  readonly bakeMs: number;
  /** From the end of one round to the next. */
  readonly everyMs: number;
  /** The canary's name. */
  readonly server: string;
}

/**
 * Repeats the checks until the time is over, the last time at its end. The first round that does not pass ends it. The
 * evidence is that of the last round, with how many there were.
 */
export async function baked(
  first: ProbeEvidence[],
  round: () => Promise<ProbeEvidence[]>,
  { bakeMs, everyMs, server }: Baking,
  context: Pick<StepContext, 'progress'>,
  signal: AbortSignal,
): Promise<ProbeEvidence[]> {
  const begun = performance.now();
  let evidence = first;
  for (let rounds = 1, isLast = false; !isLast && verdictOf(evidence) === 'passed'; rounds += 1) {
    const passedMs = Math.min(performance.now() - begun, bakeMs);
    const leftMs = bakeMs - passedMs;
    isLast = leftMs <= everyMs;
    const percent = Math.floor((100 * passedMs) / bakeMs);
    const told = `watching the canary: ${seconds(passedMs)} of ${seconds(bakeMs)} s, ${rounds} rounds of checks passed`;
    context.progress(told, { server, percent });
    await sleep(Math.min(everyMs, leftMs), undefined, { signal }).catch(() => signal.throwIfAborted());
    evidence = added(evidence, await round());
  }
  return evidence;
}

function added(before: readonly ProbeEvidence[], now: readonly ProbeEvidence[]): ProbeEvidence[] {
  return now.map((one, index) => ({
    ...one,
    durationMs: one.durationMs + (before[index]?.durationMs ?? 0),
    rounds: (before[index]?.rounds ?? 1) + 1,
  }));
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
