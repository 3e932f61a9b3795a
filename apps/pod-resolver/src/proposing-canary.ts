import { PodwayError, type PodSpec, type ProposeCanary } from '@podway/contracts';
import type { LoadBalancer } from '@podway/balancing';
import type { Comparisons, DeploymentReader } from '@podway/persistence';
import type { LookWork, PodServers } from '@podway/service-kit';
import type { StateDriver } from '@podway/state';
import { chooseCanary, type Candidate } from './canary-policy.js';

/** As far as a choice needs it. */
type Seen = Pick<Candidate, 'load' | 'problem'> & { readonly treeId?: string | undefined };

/** Which server would take an update first now? As {@link SelectingCanary}, but it leaves nothing on servers. */
export class ProposingCanary implements LookWork<ProposeCanary> {
  constructor(
    private readonly deployments: Pick<DeploymentReader, 'releases' | 'serverStatus' | 'lastCanary'>,
    private readonly servers: Pick<PodServers, 'pod' | 'connectAfresh'>,
    private readonly driver: Pick<StateDriver, 'inspect'>,
    private readonly balancer: Pick<LoadBalancer, 'inRotation' | 'running'>,
    private readonly answers: Pick<Comparisons, 'answer'>,
  ) {}

  async look(command: ProposeCanary): Promise<undefined> {
    const { lookId } = command;
    try {
      const pod = await this.servers.pod(command);
      const lastCanary = await this.deployments.lastCanary(pod.name, lookId);
      const canary = chooseCanary(pod, await this.candidates(pod), { lastCanary });
      await this.answers.answer(lookId, { answer: { canary } });
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      await this.answers.answer(lookId, { code: error.code, detail: error.message });
    }
    return undefined;
  }

  private async candidates(pod: PodSpec): Promise<Candidate[]> {
    const [[release], statuses, inRotation, accesses] = await Promise.all([
      this.deployments.releases(pod.name, 1),
      this.deployments.serverStatus(pod.name),
      this.balancer.inRotation(pod),
      pod.policy?.loadFrom === 'accesses' ? this.balancer.running(pod) : undefined,
    ]);
    const status = new Map(statuses.map((one) => [one.server, one]));
    const seen = await Promise.all(
      pod.servers.map(async ({ name }) => ({ name, ...(await this.seen(pod, name)) })),
    );
    const current = seen.filter(({ load, treeId }) => load !== undefined && treeId === release?.treeId);
    const sound = current.filter(({ name }) => !status.get(name)?.driftedSince);
    const onCurrent = new Set((sound.length > 0 ? sound : current).map(({ name }) => name));
    return seen.map(({ name, load, problem }) => ({
      name,
      quarantined: status.get(name)?.quarantined ?? false,
      inRotation: inRotation.includes(name),
      onCurrentRelease: onCurrent.has(name),
      ...(load === undefined ? {} : { load: accesses ? (accesses.get(name) ?? 0) : load }),
      ...(problem === undefined ? {} : { problem }),
    }));
  }

  private async seen(pod: PodSpec, name: string): Promise<Seen> {
    try {
      const server = await this.servers.connectAfresh(pod, name);
      try {
        const { load1, cpus, liveTreeId } = await this.driver.inspect(server);
        return { load: load1 / Math.max(1, cpus), treeId: liveTreeId };
      } catch (error) {
        // Before its first deployment nothing of Podway's is on a server.
        if (error instanceof PodwayError && error.code === 'STATE.NOT_PREPARED') return { load: 0 };
        throw error;
      } finally {
        await server.session.close();
      }
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      return { problem: error.message };
    }
  }
}
