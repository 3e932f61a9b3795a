/** One access that runs on a server. */
export interface RunningAccess {
  /** The access has ended. Once is enough; again does nothing. */
  ended(): void;
  /** It has no end of its own (an upgraded connection, an event stream): `end` ends it when it must. */
  endless(end: () => void): void;
}

/** How many accesses run on each server. */
export class RunningAccesses {
  private readonly counts = new Map<string, number>();
  private readonly ends = new Map<string, Set<() => void>>();

  /** @param onIdle told when the last access on a server has ended. */
  constructor(private readonly onIdle: (key: string) => void) {}

  /** Counts one access, at once. */
  begin(key: string): RunningAccess {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    let running = true;
    let own: (() => void) | undefined;
    return {
      ended: () => {
        if (!running) return;
        running = false;
        if (own) this.ends.get(key)?.delete(own);
        this.end(key);
      },
      endless: (end) => {
        if (!running) return;
        own = end;
        const ends = this.ends.get(key) ?? new Set();
        this.ends.set(key, ends.add(end));
      },
    };
  }

  on(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  /** Ends accesses on a server that have no end of their own. Others run on. */
  endEndless(key: string): void {
    for (const end of [...(this.ends.get(key) ?? [])]) end();
  }

  /** Servers on which something runs. */
  keys(): Iterable<string> {
    return this.counts.keys();
  }

  /** Without zeros. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }

  private end(key: string): void {
    const left = this.on(key) - 1;
    if (left > 0) {
      this.counts.set(key, left);
      return;
    }
    this.counts.delete(key);
    this.ends.delete(key);
    this.onIdle(key);
  }
}
