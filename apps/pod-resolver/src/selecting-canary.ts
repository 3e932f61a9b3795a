import {
  CanarySelected,
  CanaryUnavailable,
  PodwayError,
  type PodSpec,
  type SelectCanary,
  type StepOutcome,
  type UpdateSource,
} from '@podway/contracts';
import type { LoadBalancer } from '@podway/balancing';
import type { DeploymentReader, Inventory } from '@podway/persistence';
import { failureOf, outcomeOf, type PodServers, type StepWork } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { chooseCanary, type Candidate } from './canary-policy.js';
import { PodUnknownError } from './resolving.js';

/**
 * A server has seen a newer command than this one: the database was restored, or the server belonged to another
 * installation. It would refuse all that is asked of it. What to do: docs/operating.md.
 */
export class TokenBehindError extends PodwayError {
  constructor(server: string, seen: number, own: number) {
    super(
      'CANARY.TOKEN_BEHIND',
      `${server} has seen fencing token ${seen}, and ours is only ${own}: was the database restored?`,
      { details: { server, seen, own } },
    );
  }
}

/** FIG. 2, 208: which server takes the update first? */
export class SelectingCanary implements StepWork<SelectCanary> {
  constructor(
    private readonly inventory: Inventory,
    private readonly deployments: DeploymentReader,
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
  ) {}

  async execute(command: SelectCanary, context: StepContext): Promise<StepOutcome> {
    const pod = await this.inventory.current(command.pod);
    if (!pod) throw new PodUnknownError(command.pod);
    const [release] = await this.deployments.releases(command.pod, 1);
    const candidates = await this.candidates(pod.spec, command, release?.treeId);
    const catchingUp = release !== undefined && (await this.goesTo(command)) === release.treeId;
    const canary = chooseCanary(pod.spec, candidates, { catchingUp });
    context.progress(`${canary} takes the update first`, { server: canary });
    const replicas = pod.spec.servers.map((server) => server.name).filter((name) => name !== canary);
    return outcomeOf(CanarySelected, command, { canary, replicas, podRevision: pod.revision });
  }

  failed(command: SelectCanary, error: PodwayError): CanaryUnavailable {
    return failureOf(CanaryUnavailable, command, error);
  }

  /** The kept state that the deployment goes to, or undefined for an artifact. */
  private async goesTo({ deploymentId }: SelectCanary): Promise<string | undefined> {
    const deployment = await this.deployments.byId(deploymentId);
    return (deployment?.data.source as UpdateSource | undefined)?.treeId;
  }

  private async candidates(
    pod: PodSpec,
    { fencingToken: own }: SelectCanary,
    currentTreeId: string | undefined,
  ): Promise<Candidate[]> {
    const names = pod.servers.map((server) => server.name);
    const [{ servers, failures }, statuses, inRotation] = await Promise.all([
      this.servers.connectAll(pod, names),
      this.deployments.serverStatus(pod.name),
      this.balancer.inRotation(pod),
    ]);
    const quarantined = new Set(
      statuses.filter((status) => status.quarantined).map((status) => status.server),
    );
    const loads = new Map<string, number>();
    const current = new Set<string>();
    await Promise.all(
      servers.map(async (server) => {
        try {
          const { load1, cpus, liveTreeId, fencingToken } = await this.driver.inspect(server);
          if (fencingToken > own) throw new TokenBehindError(server.name, fencingToken, own);
          if (liveTreeId === currentTreeId) current.add(server.name);
          loads.set(server.name, load1 / Math.max(1, cpus));
        } catch (error) {
          if (!(error instanceof PodwayError) || error instanceof TokenBehindError) throw error;
          failures.set(server.name, error);
        }
      }),
    );
    return names.map((name) => ({
      name,
      quarantined: quarantined.has(name),
      inRotation: inRotation.includes(name),
      onCurrentRelease: current.has(name),
      load: loads.get(name),
      problem: failures.get(name)?.message,
    }));
  }
}
