import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { PodwayError, type PodSpec } from '@podway/contracts';
import type { HeldRotation, Rotation, RotationHold } from '@podway/persistence';
import {
  BalancerNotSettledError,
  NoWriteFenceError,
  type LoadBalancer,
  type RotateOptions,
} from '../load-balancer.js';
import { linesOf, planOf, type ChangePlan } from './change-plan.js';
import { haproxyBackendOf, type HaproxyBackend } from './haproxy-backend.js';
import { BalancerUnreachableError } from './haproxy.errors.js';
import { statesOf, tellAll } from './runtime-api.js';
import type { ServerStates } from './server-states.js';

/** How often a drain looks whether accesses still run, in milliseconds. */
const LOOK_EVERY_MS = 25;
/** A server is idle when this many looks in a row say so: an access is given to a server before it is counted there. */
const IDLE_LOOKS = 2;
/** How often HAProxy is told again what it has not done, or what has changed meanwhile. */
const TRIES = 4;

/**
 * HAProxy as the load balancer, over its runtime API.
 *
 * The table of the rotation says what is to be, here as with the gateways; every HAProxy of the POD is brought to it, and
 * never to what a command alone says: an old command changes nothing, and a HAProxy that was restarted is put right again.
 */
export class HaproxyLoadBalancer implements LoadBalancer {
  constructor(
    private readonly rotation: Rotation,
    private readonly hold: RotationHold,
  ) {}

  fence(pod: string, fencingToken: number): Promise<void> {
    return this.rotation.fence(pod, fencingToken);
  }

  /** Brings HAProxy to the rotation before it is told: what is said is so. */
  async inRotation(pod: PodSpec): Promise<string[]> {
    await this.follow(pod);
    return this.rotation.inRotation(
      pod.name,
      pod.servers.map((server) => server.name),
    );
  }

  async running(pod: PodSpec): Promise<ReadonlyMap<string, number>> {
    const states = await statesOf(haproxyBackendOf(pod));
    return new Map(pod.servers.map(({ name }) => [name, runningOn(states, name)]));
  }

  async rotate(
    pod: PodSpec,
    changes: ReadonlyMap<string, boolean>,
    options: RotateOptions,
  ): Promise<{ running: number }> {
    if (changes.size === 0) return { running: 0 };
    await this.rotation.set(pod.name, changes, options.fencingToken);
    await this.follow(pod);
    const out = [...changes].filter(([, inRotation]) => !inRotation).map(([server]) => server);
    return { running: out.length === 0 ? 0 : await this.drained(pod, out, options) };
  }

  /** It has no command for that; `pods.yaml` with both is refused. */
  async fenceWrites(pod: PodSpec): Promise<never> {
    throw new NoWriteFenceError(pod.name, 'HAProxy');
  }

  /**
   * Brings every HAProxy of the POD to its rotation. One that is there already is only looked at.
   * @returns whether something had to be changed.
   * @throws BALANCER.* when a HAProxy cannot be brought there; retryable ones may pass.
   */
  async follow(pod: PodSpec): Promise<boolean> {
    return (await this.statesInForce(pod)) === undefined;
  }

  /** What HAProxy has, where that is as the rotation wants it. Undefined when it had to be brought there. */
  private async statesInForce(pod: PodSpec): Promise<ServerStates[] | undefined> {
    const backend = haproxyBackendOf(pod);
    const states = await statesOf(backend);
    // The table last: what HAProxy had before it is at worst taken for a difference.
    const out = await this.hold.out(pod.name);
    if (states.every((one) => isDone(planOf(backend, one, out)))) return states;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (await this.hold.exclusively(pod.name, (held) => bring(backend, held))) return undefined;
    }
    throw new BalancerNotSettledError(pod.name);
  }

  /** Waits until no access runs on the servers, or the time is over. @returns how many still run. */
  private async drained(pod: PodSpec, servers: readonly string[], options: RotateOptions): Promise<number> {
    const until = Date.now() + options.drainTimeoutMs;
    let idleLooks = 0;
    for (;;) {
      const running = await this.runningOnTaken(pod, servers, until);
      idleLooks = running === 0 ? idleLooks + 1 : 0;
      if (idleLooks === IDLE_LOOKS || (Date.now() >= until && running !== undefined)) return running ?? 0;
      await sleep(LOOK_EVERY_MS, undefined, { signal: options.signal });
    }
  }

  /** Undefined while a HAProxy is away, which may be starting anew, or was just brought back to the rotation. */
  private async runningOnTaken(
    pod: PodSpec,
    servers: readonly string[],
    until: number,
  ): Promise<number | undefined> {
    try {
      const states = await this.statesInForce(pod);
      return states && servers.reduce((sum, name) => sum + runningOn(states, name), 0);
    } catch (error) {
      if (error instanceof BalancerUnreachableError && Date.now() < until) return undefined;
      throw error;
    }
  }
}

/** @returns whether every HAProxy is as the rotation wants it, as far as is known at the end. */
async function bring(backend: HaproxyBackend, held: HeldRotation): Promise<boolean> {
  const states = await statesOf(backend);
  const out = await held.look();
  const plans = states.map((one) => planOf(backend, one, out));
  const certain = async (): Promise<void> => {
    if (!isDeepStrictEqual(await held.look(), out)) throw new RotationMoved();
    held.check();
  };
  try {
    for (const part of ['first', 'switchOver'] as const) {
      const lines = plans.map((plan) => linesOf(plan[part]));
      const rounds = Math.max(...lines.map((own) => own.length));
      for (let round = 0; round < rounds; round += 1)
        await tellAll(
          backend,
          lines.map((own) => own[round]),
          certain,
        );
    }
  } catch (error) {
    if (error instanceof RotationMoved) return false;
    throw error;
  }
  const after = await statesOf(backend);
  const outNow = await held.look();
  return after.every((one) => isDone(planOf(backend, one, outNow)));
}

/** The rotation was changed while HAProxy was brought to it. */
class RotationMoved extends PodwayError {
  constructor() {
    super('BALANCER.ROTATION_MOVED', 'The rotation was changed meanwhile', { retryable: true });
  }
}

function runningOn(states: readonly ServerStates[], server: string): number {
  return states.reduce((sum, one) => sum + (one.get(server)?.running ?? 0), 0);
}

function isDone({ first, switchOver }: ChangePlan): boolean {
  return first.length + switchOver.length === 0;
}
