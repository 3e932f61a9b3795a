import { PodwayError, type PodSpec, type ServerOutcome } from '@podway/contracts';
import { minInRotationOf, onPartialFailureOf } from './pod-policy.js';

/** Too many servers could not take the release. Retryable when all of them may be able to later. */
export class PromotionFailedError extends PodwayError {
  constructor(
    readonly servers: ServerOutcome[],
    readonly server: string,
    code: string,
    message: string,
    retryable: boolean,
  ) {
    super(code, message, { retryable, details: { servers } });
  }
}

/** Counts which servers took the release and which were lost on the way, and says when to give up. */
export class Toll {
  private readonly lostOnes = new Map<string, PodwayError>();
  private readonly switchedOnes = new Map<string, string>();

  constructor(
    private readonly pod: PodSpec,
    /** Servers that were quarantined before: losing them again changes nothing for visitors. */
    private readonly quarantinedBefore: ReadonlySet<string>,
  ) {}

  lost(name: string, error: PodwayError): void {
    this.switchedOnes.delete(name);
    this.lostOnes.set(name, error);
  }

  switched(name: string, fingerprint: string): void {
    this.switchedOnes.set(name, fingerprint);
  }

  get lostServers(): string[] {
    return [...this.lostOnes.keys()];
  }

  get switchedServers(): string[] {
    return [...this.switchedOnes.keys()];
  }

  /**
   * Goes on only when the POD's policy allows what was lost.
   * @throws PromotionFailedError under `rollback-all`, or when fewer than `minInRotation` servers would be left.
   */
  check(): void {
    const newlyLost = [...this.lostOnes].filter(([name]) => !this.quarantinedBefore.has(name));
    const [first] = newlyLost;
    if (!first) return;
    const left = this.pod.servers.length - this.lostOnes.size;
    const enough = left >= Math.max(1, minInRotationOf(this.pod));
    if (onPartialFailureOf(this.pod) === 'quarantine' && enough) return;
    const [name, error] = first;
    throw new PromotionFailedError(
      this.outcomes(),
      name,
      error.code,
      `${name} could not take the release: ${error.message}`,
      newlyLost.every(([, { retryable }]) => retryable),
    );
  }

  outcomes(): ServerOutcome[] {
    const lost = [...this.lostOnes].map(([name, error]): ServerOutcome => {
      return { name, result: 'quarantined', code: error.code, detail: error.message.slice(0, 2000) };
    });
    const switched = [...this.switchedOnes].map(([name, fingerprint]): ServerOutcome => {
      return { name, result: 'switched', fingerprint };
    });
    return [...switched, ...lost];
  }
}
