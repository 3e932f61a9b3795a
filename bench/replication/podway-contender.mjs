import { cp } from 'node:fs/promises';
import { NodeSshHostSessions } from '@podway/hosts';
import { TreeStateDriver } from '@podway/state';
import { monotonicFactory } from 'ulid';
import { applyChange } from './site-tree.mjs';

const WATCHDOG_MS = 600_000;
const ulid = monotonicFactory();

/** Podway's state driver over pooled connections: the calls of the steps from snapshot to switch. */
export class PodwayContender {
  name = 'podway';
  token = 0;
  driver = new TreeStateDriver();
  sessions = new NodeSshHostSessions();

  constructor(fleet, seed) {
    this.fleet = fleet;
    this.seed = seed;
  }

  async setUp() {
    this.targets = await Promise.all(
      this.fleet.servers.map(async (server) => ({
        session: await this.sessions.session(server.spec()),
        path: `${server.root}/podway`,
        state: { driver: 'tree', keep: 2 },
      })),
    );
    [this.canary, ...this.others] = this.targets;
    await Promise.all(this.targets.map((target) => this.driver.prepare(target)));
    await this.begin();
    const { dir } = await this.driver.beginStage(this.canary, this.context, { copy: 'link' });
    await cp(this.seed, dir, { recursive: true, preserveTimestamps: true });
    await this.commit(dir);
    await this.replicate();
    await this.tidy();
  }

  /** A new deployment, with the next fencing token. */
  async begin() {
    this.token += 1;
    this.context = { deploymentId: ulid(), fencingToken: this.token, progress: () => undefined };
  }

  async snapshot() {
    await this.begin();
    await this.driver.snapshot(this.canary, this.context, { watchdogMs: WATCHDOG_MS });
  }

  /** Given: what the installer does on the canary. No change: the same content is published once more. */
  async change(change) {
    const { dir } = await this.driver.beginStage(this.canary, this.context, {
      base: this.release.treeId,
      copy: 'link',
    });
    if (change) await applyChange(dir, change);
    await this.commit(dir);
  }

  async commit(dir) {
    const treeId = ulid();
    const { fingerprint } = await this.driver.commitStage(this.canary, this.context, { dir, treeId });
    this.release = { treeId, fingerprint };
  }

  /** Stage on all, prove, then switch all. */
  async replicate() {
    const { results, bytesSent } = await this.driver.stageFrom(
      this.canary,
      this.others,
      this.context,
      this.release,
    );
    for (const result of results.values()) if (!result.ok) throw result.error;
    this.bytesSent = bytesSent;
    await Promise.all(
      this.targets.map((target) =>
        this.driver.switchTo(target, this.context, { ...this.release, watchdogMs: WATCHDOG_MS }),
      ),
    );
  }

  /** Afterwards, outside the time: all agree, watchdogs disarmed, old trees removed. */
  async tidy() {
    const { deploymentId } = this.context;
    for (const target of this.targets) {
      const live = await this.driver.fingerprint(target, undefined);
      if (live.fingerprint !== this.release.fingerprint)
        throw new Error(`${target.session.server} has another fingerprint than the canary`);
      await this.driver.disarmWatchdog(target, deploymentId);
      await this.driver.complete(target, this.context, { treeId: this.release.treeId });
    }
  }

  liveFolders() {
    return this.targets.map(({ path }) => `${path}/current/`);
  }

  async close() {
    await this.sessions.close();
  }
}

/** The release that all have is replicated again, as after a lost outcome or for a server that comes back. */
export class PodwayAgainContender {
  name = 'podway, same release again';

  constructor(podway) {
    this.podway = podway;
  }

  snapshot = () => this.podway.snapshot();
  change = async () => undefined;
  replicate = () => this.podway.replicate();
  tidy = () => this.podway.tidy();
}
