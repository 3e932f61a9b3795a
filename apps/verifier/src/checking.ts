import { PodChecked, PodwayError, type CheckPod, type PodSpec, type ServerLook } from '@podway/contracts';
import type { Inventory } from '@podway/persistence';
import type { LookWork, PodServers } from '@podway/service-kit';
import { inParallel, type LiveLook, type StateDriver } from '@podway/state';

/** Servers of one POD that are looked at together. */
const SERVERS_AT_ONCE = 16;

/** Most entries of differences in one answer, over all servers of the POD. */
const ENTRIES_IN_ALL = 4_000;

/** Are the POD's servers still as they were proved? */
export class Checking implements LookWork<CheckPod> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly inventory: Pick<Inventory, 'revision'>,
  ) {}

  async look(command: CheckPod): Promise<PodChecked> {
    const pod = await this.servers.pod(command);
    // What counts of the state is what counted when the release was proved.
    const then = await this.inventory.revision(command.pod, command.stateRevision);
    const asProved = then ? { ...pod, state: then.state } : pod;
    const found = new Map<string, ServerLook>();
    await inParallel(pod.servers, SERVERS_AT_ONCE, async ({ name }) => {
      found.set(name, await this.lookAt(asProved, name, command));
    });
    return Object.assign(new PodChecked(), {
      ...{ lookId: command.lookId, pod: command.pod, release: command.expected.release },
      servers: pod.servers.flatMap(({ name }) => found.get(name) ?? []),
    });
  }

  private async lookAt(pod: PodSpec, name: string, { expected, deep }: CheckPod): Promise<ServerLook> {
    const limit = Math.max(20, Math.min(200, Math.floor(ENTRIES_IN_ALL / pod.servers.length)));
    try {
      const server = await this.servers.connect(pod, name);
      return told(name, await this.driver.check(server, expected, { limit, deep }), expected);
    } catch (error) {
      if (!(error instanceof PodwayError)) throw error;
      const { code, message } = error;
      const finding = code.startsWith('HOST.') ? 'unreachable' : 'unknown';
      return { name, finding, code, detail: message.slice(0, 2000) };
    }
  }
}

function told(
  name: string,
  { treeId, fingerprint, changes }: LiveLook,
  expected: CheckPod['expected'],
): ServerLook {
  if (treeId === expected.treeId && fingerprint === expected.fingerprint)
    return { name, finding: 'in-sync', fingerprint };
  return {
    ...{ name, finding: 'drifted', fingerprint },
    ...(treeId === undefined || treeId === expected.treeId ? {} : { treeId }),
    ...(changes === undefined ? {} : { changes }),
  };
}
