import {
  CanarySelected,
  CanaryUnavailable,
  PodwayError,
  type PodSpec,
  type SelectCanary,
  type StepOutcome,
} from '@podway/contracts';
import type { LoadBalancer } from '@podway/balancing';
import type { DeploymentReader, Inventory } from '@podway/persistence';
import { failureOf, outcomeOf, type PodServers, type StepWork } from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { chooseCanary, type Candidate } from './canary-policy.js';
import { PodUnknownError } from './resolving.js';

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
    const canary = chooseCanary(pod.spec, await this.candidates(pod.spec));
    context.progress(`${canary} takes the update first`, { server: canary });
    const replicas = pod.spec.servers.map((server) => server.name).filter((name) => name !== canary);
    return outcomeOf(CanarySelected, command, { canary, replicas, podRevision: pod.revision });
  }

  failed(command: SelectCanary, error: PodwayError): CanaryUnavailable {
    return failureOf(CanaryUnavailable, command, error);
  }

  private async candidates(pod: PodSpec): Promise<Candidate[]> {
    const names = pod.servers.map((server) => server.name);
    const [{ servers, failures }, statuses, inRotation, [release]] = await Promise.all([
      this.servers.connectAll(pod, names),
      this.deployments.serverStatus(pod.name),
      this.balancer.inRotation(pod),
      this.deployments.releases(pod.name, 1),
    ]);
    const quarantined = new Set(
      statuses.filter((status) => status.quarantined).map((status) => status.server),
    );
    const loads = new Map<string, number>();
    const current = new Set<string>();
    await Promise.all(
      servers.map(async (server) => {
        try {
          const { load1, cpus, liveTreeId } = await this.driver.inspect(server);
          if (liveTreeId === release?.treeId) current.add(server.name);
          loads.set(server.name, load1 / Math.max(1, cpus));
        } catch (error) {
          if (!(error instanceof PodwayError)) throw error;
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
