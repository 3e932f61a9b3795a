import type { RouteTable } from './route-table.js';
import type { RunningAccesses } from './running-accesses.js';

const AGAIN_MS = 1_000;

/**
 * Ends what has no end of its own on servers that left rotation, when the POD's `drainTimeoutMs` is over. Up to then a
 * drain waits for it. Requests that do end run on: cut off, they would fail because of an update.
 */
export class DrainLimits {
  private readonly timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly running: RunningAccesses) {}

  follow(routes: RouteTable): void {
    const inRotation = new Set<string>();
    const limits = new Map<string, number>();
    for (const pod of routes.pods()) {
      for (const { key } of pod.inRotation) inRotation.add(key);
      for (const { key } of pod.all) limits.set(key, pod.drainTimeoutMs);
    }
    for (const key of this.timers.keys()) if (inRotation.has(key)) this.forget(key);
    for (const key of this.running.keys()) {
      if (inRotation.has(key) || this.timers.has(key)) continue;
      // A server that left the inventory has nobody who waits for it.
      this.timers.set(
        key,
        setTimeout(() => this.end(key), limits.get(key) ?? 0),
      );
    }
  }

  stop(): void {
    for (const key of [...this.timers.keys()]) this.forget(key);
  }

  // Again and again: what began as a plain request may turn out to be endless only later.
  private end(key: string): void {
    this.timers.delete(key);
    this.running.endEndless(key);
    if (this.running.on(key) > 0)
      this.timers.set(
        key,
        setTimeout(() => this.end(key), AGAIN_MS),
      );
  }

  private forget(key: string): void {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
  }
}
