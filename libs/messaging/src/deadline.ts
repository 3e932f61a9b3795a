import { setTimeout as sleep } from 'node:timers/promises';

/** A point in time that several attempts share. */
export class Deadline {
  private readonly at: number;

  constructor(readonly timeoutMs: number) {
    this.at = Date.now() + timeoutMs;
  }

  get leftMs(): number {
    return Math.max(0, this.at - Date.now());
  }

  /** Rejects with `late()` when the time is up first; the work itself goes on unwatched. */
  async watch<T>(work: Promise<T>, late: () => Error): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(late()), this.leftMs);
    });
    try {
      return await Promise.race([work, timeUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sleeps, but not past the end. False when the time is up. */
  async pause(ms: number): Promise<boolean> {
    await sleep(Math.min(ms, this.leftMs));
    return this.leftMs > 0;
  }
}

/** 20, 40, 80 ... up to `maxMs`. */
export function* growingDelays(firstMs = 20, maxMs = 1_000): Generator<number, never> {
  for (let delayMs = firstMs; ; delayMs = Math.min(delayMs * 2, maxMs)) yield delayMs;
}
