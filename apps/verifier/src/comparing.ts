import { PodwayError, type CompareReleases, type PodSpec } from '@podway/contracts';
import type { LoadBalancer } from '@podway/balancing';
import type { Comparisons } from '@podway/persistence';
import type { LookWork, PodServers } from '@podway/service-kit';
import type { ChangesPage, StateDriver } from '@podway/state';

/** Servers that are asked, one after the other, until one can tell. */
const SERVERS_ASKED = 4;

/** How do two kept releases differ? Every server keeps both; one that serves is asked first. */
export class Comparing implements LookWork<CompareReleases> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: Pick<LoadBalancer, 'inRotation'>,
    private readonly comparisons: Pick<Comparisons, 'answer'>,
  ) {}

  async look(command: CompareReleases): Promise<undefined> {
    try {
      const answer = await this.compare(command);
      await this.comparisons.answer(command.lookId, { answer });
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      await this.comparisons.answer(command.lookId, { code: error.code, detail: error.message });
    }
    return undefined;
  }

  private async compare(command: CompareReleases): Promise<ChangesPage & { server: string }> {
    const pod = await this.servers.pod(command);
    const { from, to, limit, after } = command;
    let trouble: PodwayError | undefined;
    for (const name of await this.order(pod)) {
      try {
        const server = await this.servers.connect(pod, name);
        const options = { from, to, limit, ...(after === undefined ? {} : { after }) };
        return { ...(await this.driver.changes(server, options)), server: name };
      } catch (error) {
        if (!(error instanceof PodwayError)) throw error;
        trouble ??= error;
      }
    }
    throw trouble ?? new PodwayError('STATE.NO_SERVER', `POD ${pod.name} has no server to ask`);
  }

  private async order(pod: PodSpec): Promise<string[]> {
    const serving = new Set(await this.balancer.inRotation(pod));
    const names = pod.servers.map(({ name }) => name);
    const others = names.filter((name) => !serving.has(name));
    return [...names.filter((name) => serving.has(name)), ...others].slice(0, SERVERS_ASKED);
  }
}
