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

/** The deployment goes to a kept release, and this server does not keep it: it joined later, say. */
export class ReleaseMissingError extends PodwayError {
  constructor(server: string, treeId: string) {
    super('CANARY.RELEASE_MISSING', `${server} does not keep the release`, { details: { server, treeId } });
  }
}

const DEFAULT_APPROVAL_TIMEOUT_MS = 86_400_000;

function approvalOf({ policy }: PodSpec): Pick<CanarySelected, 'approvalTimeoutMs'> {
  if (policy?.approval?.replication !== 'required') return {};
  return { approvalTimeoutMs: policy.approval.timeoutMs ?? DEFAULT_APPROVAL_TIMEOUT_MS };
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
    const goesTo = await this.goesTo(command);
    const candidates = await this.candidates(pod.spec, command, { current: release?.treeId, goesTo });
    const canary = chooseCanary(pod.spec, candidates, {
      goingBack: goesTo !== undefined,
      catchingUp: release !== undefined && goesTo === release.treeId,
      lastCanary: await this.deployments.lastCanary(command.pod, command.deploymentId),
    });
    context.progress(`${canary} takes the update first`, { server: canary });
    const replicas = pod.spec.servers.map((server) => server.name).filter((name) => name !== canary);
    return outcomeOf(CanarySelected, command, {
      ...{ canary, replicas, podRevision: pod.revision },
      ...approvalOf(pod.spec),
      ...(pod.spec.policy?.promotion === 'install' ? { promotion: 'install' } : {}),
    });
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
    { current: currentTreeId, goesTo }: { current: string | undefined; goesTo: string | undefined },
  ): Promise<Candidate[]> {
    const names = pod.servers.map((server) => server.name);
    const [{ servers, failures }, statuses, inRotation, accesses] = await Promise.all([
      this.servers.connectAll(pod, names),
      this.deployments.serverStatus(pod.name),
      this.balancer.inRotation(pod),
      pod.policy?.loadFrom === 'accesses' ? this.balancer.running(pod) : undefined,
    ]);
    const quarantined = new Set(
      statuses.filter((status) => status.quarantined).map((status) => status.server),
    );
    const drifted = new Set(statuses.filter((status) => status.driftedSince).map((status) => status.server));
    const loads = new Map<string, number>();
    const current = new Set<string>();
    await Promise.all(
      servers.map(async (server) => {
        try {
          const { load1, cpus, liveTreeId, trees, fencingToken } = await this.driver.inspect(server);
          if (fencingToken > own) throw new TokenBehindError(server.name, fencingToken, own);
          if (goesTo !== undefined && !trees.some(({ id }) => id === goesTo))
            throw new ReleaseMissingError(server.name, goesTo);
          if (liveTreeId === currentTreeId) current.add(server.name);
          loads.set(server.name, accesses ? (accesses.get(server.name) ?? 0) : load1 / Math.max(1, cpus));
        } catch (error) {
          if (!(error instanceof PodwayError) || error instanceof TokenBehindError) throw error;
          failures.set(server.name, error);
        }
      }),
    );
    // What has drifted is nothing to put the others back to, unless all have.
    const sound = [...current].filter((name) => !drifted.has(name));
    const onCurrent = sound.length > 0 ? new Set(sound) : current;
    return names.map((name) => ({
      name,
      quarantined: quarantined.has(name),
      inRotation: inRotation.includes(name),
      onCurrentRelease: onCurrent.has(name),
      load: loads.get(name),
      problem: failures.get(name)?.message,
    }));
  }
}
