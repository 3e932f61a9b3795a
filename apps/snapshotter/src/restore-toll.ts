import { PodwayError, type ServerOutcome, type SnapshotRef } from '@podway/contracts';

/** A server that answers could not be put back, or none could. Retryable when all of them only could not be reached. */
export class RestoreFailedError extends PodwayError {
  constructor(
    readonly servers: ServerOutcome[],
    first: ServerOutcome,
    retryable: boolean,
    readonly server = first.name,
  ) {
    super(
      first.code ?? 'RESTORE.FAILED',
      `${first.name} could not be put back: ${first.detail ?? 'no reason known'}`,
      { retryable, details: { servers } },
    );
  }
}

/** Counts which servers are back on the state before the deployment, and which are not. */
export class RestoreToll {
  private readonly outcomes = new Map<string, ServerOutcome>();
  private allMayPass = true;

  constructor(private readonly snapshot: SnapshotRef) {}

  restored(name: string): void {
    const { fingerprint } = this.snapshot;
    this.outcomes.set(name, { name, result: 'restored', fingerprint });
  }

  /** It cannot be had at all: its watchdog restores it, and it catches up later. */
  absent(name: string, error: PodwayError): void {
    this.lost(name, 'quarantined', error);
  }

  /** It was there, and was not put back. */
  failed(name: string, error: PodwayError): void {
    // It went away meanwhile, or it was behind already. Where the snapshot was taken, its tree must be.
    const behind = error.code === 'STATE.TREE_MISSING' && name !== this.snapshot.server;
    this.lost(name, error.retryable || behind ? 'quarantined' : 'failed', error);
  }

  /** It was not touched, and is as good as it was before the roll-back. */
  unchanged(name: string): void {
    this.outcomes.set(name, { name, result: 'unchanged' });
  }

  /** Whether it was left as it is because users have written to it. */
  isKeptForWrites(name: string): boolean {
    return this.outcomes.get(name)?.code === 'STATE.LOSS_WINDOW';
  }

  get good(): string[] {
    return this.all().flatMap(({ name, result }) => (result === 'restored' ? [name] : []));
  }

  all(): ServerOutcome[] {
    return [...this.outcomes.values()];
  }

  /** @throws RestoreFailedError when a server that answers could not be put back, or no server is. */
  check(): void {
    const bad = this.all().find(({ result }) => result === 'failed');
    if (bad) throw new RestoreFailedError(this.all(), bad, false);
    const [first] = this.all();
    if (first && this.good.length === 0) throw new RestoreFailedError(this.all(), first, this.allMayPass);
  }

  private lost(name: string, result: 'quarantined' | 'failed', error: PodwayError): void {
    this.allMayPass &&= error.retryable;
    this.outcomes.set(name, { name, result, code: error.code, detail: error.message.slice(0, 2000) });
  }
}
