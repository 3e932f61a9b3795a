import { createHash } from 'node:crypto';
import type { PodwayError } from '@podway/contracts';
import { HostUnreachableError } from '@podway/hosts';
import { StateError, type ServerStatus, type StateDriver } from '@podway/state';

export type DriverVerb = keyof StateDriver;

/** What the fake driver says of a tree: the same for the same id. Undefined: the state without a release. */
export function fingerprintOf(treeId: string | undefined): string {
  return createHash('sha256')
    .update(treeId ?? '')
    .digest('hex');
}

interface Trouble {
  readonly error: PodwayError;
  times: number;
}

/** A server as the state driver knows it, in memory. */
export class FakeServer {
  live: string | undefined;
  /** Files of the live state that somebody has changed since it was proved. */
  edited: string[] = [];
  readonly trees = new Set<string>();
  readonly verified = new Set<string>();
  /** Deployment that the watchdog is armed for. */
  armed: string | undefined;
  fired = false;
  /** What its watchdog did, and which parts it could not do. */
  restoredBy: { deploymentId: string; left: string[] }[] = [];
  token = 0;
  /** Whether it can be connected to; its visitors reach it all the same. */
  reachable = true;
  diskFreeMb = 1_000;
  load1 = 0;
  private readonly troubles = new Map<DriverVerb, Trouble>();

  constructor(readonly name: string) {}

  /** From now on the verb fails on this server, `times` times. */
  fails(verb: DriverVerb, error: PodwayError, times = Infinity): void {
    this.troubles.set(verb, { error, times });
  }

  /** @throws what a call of the verb meets here, a newer token included. */
  meet(verb: DriverVerb, token?: number): void {
    if (!this.reachable) throw new HostUnreachableError(this.name, 'connection refused');
    const trouble = this.troubles.get(verb);
    if (trouble && trouble.times-- > 0) throw trouble.error;
    if (token === undefined) return;
    if (token < this.token) throw this.error('FENCED', `token ${token} is older than ${this.token}`);
    this.token = token;
  }

  /** @throws STATE.TREE_MISSING */
  need(treeId: string | undefined): void {
    if (treeId !== undefined && !this.trees.has(treeId))
      throw this.error('TREE_MISSING', `there is no tree ${treeId}`);
  }

  error(word: ConstructorParameters<typeof StateError>[0], message: string): StateError {
    return new StateError(word, message, { server: this.name });
  }

  status(): ServerStatus {
    return {
      hostVersion: 'fake',
      bootId: 'boot',
      fencingToken: this.token,
      ...(this.live === undefined ? {} : { liveTreeId: this.live }),
      trees: [...this.trees].map((id) => ({
        id,
        fingerprint: fingerprintOf(id),
        verified: this.verified.has(id),
      })),
      records: [],
      restoredByWatchdog: this.restoredBy.map(({ deploymentId }) => deploymentId),
      leftByWatchdog: this.restoredBy.flatMap(({ deploymentId, left }) =>
        left.map((part) => ({ deploymentId, part })),
      ),
      diskFreeMb: this.diskFreeMb,
      load1: this.load1,
      cpus: 1,
    };
  }
}
