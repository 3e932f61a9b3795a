import type { PodSpec } from '@podway/contracts';

export interface RotateOptions {
  /** Token of the command that asks: an older one than was seen is refused. */
  fencingToken: number;
  /** Longest wait for accesses that still run on servers taken out, in milliseconds. 0: does not wait for them. */
  drainTimeoutMs: number;
  signal?: AbortSignal;
}

/** Which of a POD's servers take users' accesses. */
export interface LoadBalancer {
  /** Shows a command's token: older commands can change the POD's rotation no more. Rejects ROTATION.FENCED. */
  fence(pod: string, fencingToken: number): Promise<void>;

  /** Names of the POD's servers in rotation. Whether they are quarantined is not looked at. */
  inRotation(pod: PodSpec): Promise<string[]>;

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
}
