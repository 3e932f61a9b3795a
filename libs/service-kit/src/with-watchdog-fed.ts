import { setTimeout as sleep } from 'node:timers/promises';
import { PodwayError } from '@podway/contracts';
import type { StateDriver, StepContext } from '@podway/state';
import type { PodServer } from './pod-servers.js';

/** Of the watchdog's time: two chances to hold it off are left when one is missed. */
const PART_OF_WATCHDOG = 1 / 3;
/** An abort is noticed by the newer command's token that it leaves on the server: after so long at most. */
const LONGEST_PAUSE_MS = 5_000;

/**
 * Holds off the server's watchdog for as long as the work takes. The work's signal fires when that cannot be done any
 * more: the watchdog has fired (STATE.WATCHDOG_FIRED), or a newer command has been here (STATE.FENCED). A server that is
 * away for a while is no reason, until its watchdog must have fired.
 */
export async function withWatchdogFed<T>(
  driver: StateDriver,
  server: PodServer,
  context: StepContext,
  { watchdogMs, pauseMs = LONGEST_PAUSE_MS }: { watchdogMs: number; pauseMs?: number },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await driver.feedWatchdog(server, context, { watchdogMs });
  const given = context.signal ? [context.signal] : [];
  const lost = new AbortController();
  const done = new AbortController();
  const everyMs = Math.min(pauseMs, watchdogMs * PART_OF_WATCHDOG);
  const feeding = feed();
  try {
    return await work(AbortSignal.any([...given, lost.signal]));
  } finally {
    done.abort();
    await feeding;
  }

  async function feed(): Promise<void> {
    let fedAt = Date.now();
    for (;;) {
      await sleep(everyMs, undefined, { signal: done.signal }).catch(() => undefined);
      if (done.signal.aborted) return;
      try {
        await driver.feedWatchdog(server, context, { watchdogMs });
        fedAt = Date.now();
      } catch (error) {
        const mayPass = error instanceof PodwayError && error.retryable;
        if (mayPass && Date.now() - fedAt < watchdogMs) continue;
        return lost.abort(error);
      }
    }
  }
}
