import { tell } from './report.mjs';

/**
 * Runs every contender once a round, each round beginning with another one, so that what else the machine does falls
 * on all alike. Round 0 warms up and does not count. `run` resolves with the parts of one run in milliseconds.
 */
export async function interleaved(contenders, rounds, run) {
  const samples = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    tell(round === 0 ? 'round 0 (warm-up)' : `round ${round} of ${rounds}`);
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length];
      const parts = await run(contender, round);
      if (round > 0) samples.get(contender.name).push(parts);
    }
  }
  return samples;
}

/** Milliseconds that `work` takes. */
export async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
