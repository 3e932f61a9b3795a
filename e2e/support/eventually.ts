import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `look` until it gives something, and fails with the last error or with what was wanted. */
export async function eventually<T>(
  wanted: string,
  look: () => Promise<T | undefined | false>,
  { timeoutMs = 90_000, everyMs = 100 } = {},
): Promise<T> {
  const giveUp = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > giveUp) throw new Error(`Did not come in ${timeoutMs} ms: ${wanted}`, { cause: last });
    await sleep(everyMs);
  }
}
