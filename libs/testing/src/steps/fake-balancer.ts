import type { FenceOptions, LoadBalancer, RotateOptions } from '@podway/balancing';
import type { PodSpec } from '@podway/contracts';
import { RotationFencedError } from '@podway/persistence';

/** The rotation of one POD in memory. `note` is told each change. */
export class FakeBalancer implements LoadBalancer {
  readonly out = new Set<string>();
  /** Accesses that do not end on servers taken out. */
  unfinished = 0;
  /** What {@link running} tells, by server. */
  readonly counts = new Map<string, number>();
  /** Writes that do not end when they are fenced. */
  unfinishedWrites = 0;
  private token = 0;

  constructor(private readonly note: (what: string, options: RotateOptions) => void) {}

  async fence(pod: string, fencingToken: number): Promise<void> {
    if (fencingToken < this.token) throw new RotationFencedError(pod, fencingToken);
    this.token = fencingToken;
  }

  async inRotation(pod: PodSpec): Promise<string[]> {
    return pod.servers.map(({ name }) => name).filter((name) => !this.out.has(name));
  }

  async running(): Promise<ReadonlyMap<string, number>> {
    return this.counts;
  }

  async rotate(
    pod: PodSpec,
    changes: ReadonlyMap<string, boolean>,
    options: RotateOptions,
  ): Promise<{ running: number }> {
    await this.fence(pod.name, options.fencingToken);
    for (const [name, serves] of changes) {
      if (serves) this.out.delete(name);
      else this.out.add(name);
    }
    const told = [...changes].map(([name, serves]) => `${name}=${serves ? 'on' : 'off'}`);
    this.note(`rotate ${told.join(' ')}`, options);
    return { running: this.unfinished };
  }

  async fenceWrites(pod: PodSpec, options: FenceOptions): Promise<{ running: number }> {
    await this.fence(pod.name, options.fencingToken);
    this.note(`fence writes for ${options.deploymentId}`, options);
    return { running: this.unfinishedWrites };
  }
}
