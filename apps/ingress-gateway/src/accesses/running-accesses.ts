/** How many accesses run on each server. */
export class RunningAccesses {
  private readonly counts = new Map<string, number>();

  /** @param onIdle told when the last access on a server has ended. */
  constructor(private readonly onIdle: (key: string) => void) {}

  /** Counts one access, at once. Returns the function that ends it; calling that again does nothing. */
  begin(key: string): () => void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    let running = true;
    return () => {
      if (!running) return;
      running = false;
      const left = (this.counts.get(key) ?? 1) - 1;
      if (left > 0) {
        this.counts.set(key, left);
        return;
      }
      this.counts.delete(key);
      this.onIdle(key);
    };
  }

  /** Without zeros. */
  snapshot(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }
}
