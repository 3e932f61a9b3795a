import { Cron } from 'croner';
import type { FreezeWindow, RecurringWindow, WindowsSpec } from '@podway/contracts';

/** Whether a deployment may begin now, by the POD's windows. */
export type WindowState =
  | { readonly open: true }
  | {
      readonly open: false;
      /** For who waits. */
      readonly reason: string;
      /** When a deployment may begin, as far as it is known. */
      readonly opensAt?: Date;
    };

/** Windows that follow each other without a gap are looked through so far. */
const MOST_STEPS = 100;

/** What the POD's windows say about `now`. Freezes go before maintenance windows. */
export function windowState(windows: WindowsSpec | undefined, now: Date): WindowState {
  const closed = windows && closedAt(windows, now);
  if (!closed) return { open: true };
  let opensAt = closed.until;
  for (let step = 0; opensAt && step < MOST_STEPS; step += 1) {
    const again = closedAt(windows, opensAt);
    if (!again) return { open: false, reason: closed.reason, opensAt };
    opensAt = again.until;
  }
  return { open: false, reason: closed.reason };
}

interface Closed {
  readonly reason: string;
  readonly until?: Date;
}

function closedAt({ maintenance, freeze = [] }: WindowsSpec, now: Date): Closed | undefined {
  for (const window of freeze) {
    const until = frozenUntil(window, now);
    if (until) return { reason: `frozen: ${window.reason}`, until };
  }
  if (!maintenance || maintenance.some((window) => openUntil(window, now))) return undefined;
  const openings = maintenance.flatMap((window) => cronOf(window).nextRun(now) ?? []);
  const until = openings.toSorted((a, b) => a.getTime() - b.getTime())[0];
  return { reason: 'outside of the maintenance windows', ...(until ? { until } : {}) };
}

function frozenUntil({ from, to, cron, durationMs, timeZone }: FreezeWindow, now: Date): Date | undefined {
  if (cron !== undefined && durationMs !== undefined) return openUntil({ cron, durationMs, timeZone }, now);
  if (from === undefined || to === undefined) return undefined;
  const end = new Date(to);
  return now >= new Date(from) && now < end ? end : undefined;
}

/** When the window that is open now closes; undefined when it is closed. */
function openUntil(window: RecurringWindow, now: Date): Date | undefined {
  const { durationMs } = window;
  const cron = cronOf(window);
  let until: Date | undefined;
  // The last opening that is not over counts: a window may open again while it is open.
  let opening = cron.nextRun(new Date(now.getTime() - durationMs));
  for (let step = 0; opening && opening <= now && step < MOST_STEPS; step += 1) {
    until = new Date(opening.getTime() + durationMs);
    opening = cron.nextRun(opening);
  }
  return until;
}

function cronOf({ cron, timeZone }: Pick<RecurringWindow, 'cron' | 'timeZone'>): Cron {
  return new Cron(cron, { paused: true, timezone: timeZone ?? 'UTC' });
}
