import type { WindowsSpec } from '@podway/contracts';
import { windowState } from './windows.js';

/** What decides whether the first in a POD's queue may begin. */
export interface BeginFacts {
  /** Somebody has paused the POD. */
  readonly paused?: { readonly reason?: string };
  readonly windows?: WindowsSpec;
  /** An operator's word: windows do not count. */
  readonly urgent?: boolean;
  /** A POD of the same update that has to succeed before. */
  readonly waitsFor?: string;
}

export const waitKinds = ['paused', 'window', 'order'] as const;

/** Why a deployment does not begin although its turn has come. */
export interface Wait {
  readonly kind: (typeof waitKinds)[number];
  /** For people. */
  readonly detail: string;
  readonly until?: Date;
}

/** Why the first in the queue has to wait at `now`, or undefined when it may begin. */
export function waitOf({ paused, windows, urgent, waitsFor }: BeginFacts, now: Date): Wait | undefined {
  if (paused) {
    const why = paused.reason === undefined ? '' : `: ${paused.reason}`;
    return { kind: 'paused', detail: `the POD is paused${why}` };
  }
  if (waitsFor !== undefined) return { kind: 'order', detail: `${waitsFor} comes first` };
  const window = urgent === true ? ({ open: true } as const) : windowState(windows, now);
  if (window.open) return undefined;
  const { reason: detail, opensAt: until } = window;
  return { kind: 'window', detail, ...(until ? { until } : {}) };
}
