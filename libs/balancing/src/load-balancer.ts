import { PodwayError, type PodSpec } from '@podway/contracts';

export interface RotateOptions {
  /** Token of the command that asks: an older one than was seen is refused. */
  fencingToken: number;
  /** Longest wait for accesses that still run on servers taken out, in milliseconds. 0: does not wait for them. */
  drainTimeoutMs: number;
  signal?: AbortSignal;
}

export interface FenceOptions extends RotateOptions {
  /** The fence holds as long as this deployment owns the POD. */
  deploymentId: string;
}

/** A change of rotation is not in force everywhere in time. */
export class BalancerNotSettledError extends PodwayError {
  constructor(pod: string) {
    super(
      'BALANCER.NOT_SETTLED',
      `Not every load balancer has followed the change of rotation of ${pod} in time`,
      {
        retryable: true,
        details: { pod },
      },
    );
  }
}

/** This kind of balancer cannot keep users from writing. */
export class NoWriteFenceError extends PodwayError {
  constructor(pod: string, kind: string) {
    super('BALANCER.NO_WRITE_FENCE', `The balancer of ${pod}, ${kind}, cannot keep users from writing`, {
      details: { pod, kind },
    });
  }
}

/** Which of a POD's servers take users' accesses. */
export interface LoadBalancer {
  /** Shows a command's token: older commands can change the POD's rotation no more. Rejects ROTATION.FENCED. */
  fence(pod: string, fencingToken: number): Promise<void>;

  /** Names of the POD's servers in rotation. Whether they are quarantined is not looked at. */
  inRotation(pod: PodSpec): Promise<string[]>;

  /** Accesses that run on each of the POD's servers now, by name; a server that is not there has none. */
  running(pod: PodSpec): Promise<ReadonlyMap<string, number>>;

  /**
   * Takes servers out of rotation (`false`) and puts servers back (`true`), all at one moment.
   * Resolves when the change is in force everywhere: no new access goes to a server taken out.
   * @returns accesses that still run on servers taken out.
   * @throws BalancerNotSettledError (retryable) when the change is not in force in time; it may come into force later.
   */
  rotate(
    pod: PodSpec,
    changes: ReadonlyMap<string, boolean>,
    options: RotateOptions,
  ): Promise<{ running: number }>;

  /**
   * Keeps users from writing to the POD until the deployment is over. Resolves when that is in force everywhere; writes
   * that were under way have `drainTimeoutMs` to end.
   * @returns writes that still run.
   * @throws BalancerNotSettledError (retryable) when it is not in force in time; BALANCER.NO_WRITE_FENCE where the balancer cannot.
   */
  fenceWrites(pod: PodSpec, options: FenceOptions): Promise<{ running: number }>;
}
