import type { Check, Measure, ProbeKind, ServerSpec, Verdict } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';

/** The server that is tested. */
export interface ProbeTarget {
  readonly server: ServerSpec;
  readonly session: HostSession;
  /** The POD's folder on this server. */
  readonly path: string;
  /** Host names of the POD; the first is the default Host header. */
  readonly hosts: readonly string[];
  /** Servers in rotation that are still on the old release. */
  readonly others?: readonly ServerSpec[];
  /** Where numbers about the server are, and under which names. */
  readonly metrics?: { readonly url: string; readonly pod: string; readonly client: string };
}

/** What one try has shown. `detail` is for people. */
export interface ProbeFinding {
  readonly verdict: Verdict;
  readonly detail: string;
  /** The number that this try has measured: milliseconds of http, the value of metric. */
  readonly value?: number;
  /** It failed by being too slow, and by nothing else. */
  readonly tooSlow?: boolean;
  readonly measures?: readonly Measure[];
}

/** One kind of test of a server. */
export interface Probe {
  readonly kind: ProbeKind;
  /** How the check is called when its author gave it no name: `http GET /health`. */
  describe(check: Check, target: ProbeTarget): string;
  /** Longest time of one try, in milliseconds. Unset: what the check says. */
  limitMs?(check: Check): number;
  /**
   * One try. `signal` fires when its time is up; what comes then does not count. What the probe rejects with is
   * judged by its code: a lost or missing connection tells nothing, anything else means that the probe broke.
   */
  run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding>;
}
