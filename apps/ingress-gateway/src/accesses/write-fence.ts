import type { IncomingMessage } from 'node:http';
import type { RouteTable } from './route-table.js';
import { RunningAccesses, type RunningAccess } from './running-accesses.js';

/** Safe methods of RFC 9110, 9.2.1. */
const READING = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Whether an access may change something. What goes over an upgraded connection nobody can tell: it may. */
export function mayWrite({ method }: IncomingMessage, isUpgrade: boolean): boolean {
  return isUpgrade || !READING.has(method ?? '');
}

/** Keeps accesses that may write from PODs whose writes are fenced, and counts those that run, by POD. */
export class WriteFence {
  private readonly running: RunningAccesses;

  /** @param onIdle told when the last write to a POD has ended. */
  constructor(
    private readonly routes: () => RouteTable | undefined,
    onIdle: (pod: string) => void,
  ) {
    this.running = new RunningAccesses(onIdle);
  }

  isUp(pod: string): boolean {
    return this.routes()?.isWriteFenced(pod) === true;
  }

  /** Counts a write to the POD along with the access that it is. What has no end of its own ends where the fence is up. */
  begin(pod: string, access: RunningAccess): RunningAccess {
    const write = this.running.begin(pod);
    return {
      ended: () => {
        write.ended();
        access.ended();
      },
      endless: (end) => {
        access.endless(end);
        write.endless(end);
        if (this.isUp(pod)) end();
      },
    };
  }

  /** Ends what has no end of its own on PODs that are fenced now: a deployment would wait for it in vain. */
  follow(routes: RouteTable): void {
    for (const pod of [...this.running.keys()]) if (routes.isWriteFenced(pod)) this.running.endEndless(pod);
  }

  /** Running writes by POD, without zeros. */
  snapshot(): Record<string, number> {
    return this.running.snapshot();
  }
}
