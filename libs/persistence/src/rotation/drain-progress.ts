import { setTimeout as sleep } from 'node:timers/promises';

export interface DrainProgress {
  /** Every live gateway routes by the generation. */
  acknowledged: boolean;
  /** Accesses that still run. */
  running: number;
}

/** Looks again and again until all gateways follow and nothing runs, or the time is over. */
export async function untilSettled(
  look: () => Promise<DrainProgress>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<DrainProgress> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const progress = await look();
    if ((progress.acknowledged && progress.running === 0) || Date.now() >= until) return progress;
    await sleep(20, undefined, { signal });
  }
}
