import { PodSpec, validated, type PodCommand, type PolicySpec } from '@podway/contracts';
import {
  HostUnreachableError,
  type ExecResult,
  type HostSessions,
  type OwnedHostSession,
} from '@podway/hosts';
import type { Inventory } from '@podway/persistence';
import { PodServers } from '@podway/service-kit';
import type { RotateOptions } from '@podway/balancing';
import type { StepContext } from '@podway/state';
import { RecordingLog } from './recording-log.js';
import { FakeBalancer } from './fake-balancer.js';
import { FakeServer, fingerprintOf } from './fake-server.js';
import { FakeStateDriver } from './fake-state-driver.js';

export interface StepWorldOptions {
  /** `web1`, `web2` … Default 3. */
  servers?: number;
  policy?: Partial<PolicySpec>;
  /** More of the POD's entry. */
  pod?: object;
}

/** Id of the tree live on all servers at the beginning, and of the deployment that the commands belong to. */
const OLD = '01JWZ8F3T4B6D8H0J2M4N6Q8S0';
const DEPLOYMENT = '01JX4E7Q2M8V3K5N6P9R0S1T2W';

/** A tree's id and fingerprint on fake servers. */
export function treeOf(treeId: string): { treeId: string; fingerprint: string } {
  return { treeId, fingerprint: fingerprintOf(treeId) };
}

/**
 * One POD with fakes of the ports below the steps: servers and rotation in memory, and a journal of what was done
 * in which order. Everything about the POD is looked at after each entry.
 */
export class StepWorld {
  readonly old = treeOf(OLD);
  readonly new = treeOf(DEPLOYMENT);
  readonly deploymentId = DEPLOYMENT;
  readonly pod: PodSpec;
  readonly journal: string[] = [];
  /** What the steps have said and read. */
  readonly log = new RecordingLog();
  readonly rotations: RotateOptions[] = [];
  /** Moments at which servers in rotation did not agree, by journal entry. */
  readonly disagreements: string[] = [];
  /** Fewest servers in rotation at any moment. */
  fewest: number;
  readonly hosts = new Map<string, FakeServer>();
  readonly driver: FakeStateDriver;
  readonly balancer: FakeBalancer;
  readonly servers: PodServers;
  /** What programs on servers answer. */
  exec: (server: string, argv: readonly string[]) => ExecResult = () => ({ code: 0, stdout: '', stderr: '' });

  constructor({ servers = 3, policy = {}, pod = {} }: StepWorldOptions = {}) {
    const names = Array.from({ length: servers }, (_, index) => `web${index + 1}`);
    this.pod = validated(PodSpec, {
      name: 'shop',
      client: 'acme',
      path: '/srv/shop',
      servers: names.map((name) => ({ name, local: true, http: `http://${name}.invalid` })),
      state: { driver: 'tree' },
      policy,
      ...pod,
    });
    for (const name of names) {
      const host = new FakeServer(name);
      host.live = OLD;
      host.trees.add(OLD);
      host.verified.add(OLD);
      this.hosts.set(name, host);
    }
    this.fewest = servers;
    this.driver = new FakeStateDriver(this.hosts, (what) => this.note(what));
    this.balancer = new FakeBalancer((what, options) => {
      this.rotations.push(options);
      this.note(what);
    });
    const inventory: Pick<Inventory, 'revision'> = { revision: async () => this.pod };
    this.servers = new PodServers(inventory as Inventory, this.sessions(), this.driver);
  }

  host(name: string): FakeServer {
    const found = this.hosts.get(name);
    if (!found) throw new Error(`There is no server ${name}`);
    return found;
  }

  /** A command of this deployment, as the coordinator sends it. Token 10 unless told. */
  command<C extends PodCommand>(type: new () => C, rest: Omit<C, keyof PodCommand> & Partial<PodCommand>): C {
    const all = {
      deploymentId: DEPLOYMENT,
      attempt: 1,
      deadline: '2026-03-02T09:06:30.000Z',
      client: 'acme',
      pod: 'shop',
      podRevision: 1,
      fencingToken: 10,
    };
    return Object.assign(new type(), all, rest);
  }

  context({ fencingToken, deploymentId }: PodCommand): StepContext {
    return { fencingToken, deploymentId, log: this.log, progress: () => undefined };
  }

  /** The canary after Installing: out of rotation, on the new tree, its watchdog armed. */
  installedOn(canary: string): void {
    const host = this.host(canary);
    host.trees.add(DEPLOYMENT);
    host.live = DEPLOYMENT;
    host.armed = DEPLOYMENT;
    if (this.pod.servers.length > 1) this.balancer.out.add(canary);
  }

  /** A server after Replicating: in rotation, on the new tree, its watchdog armed. */
  switchedOn(...names: string[]): void {
    for (const name of names) {
      this.installedOn(name);
      this.balancer.out.delete(name);
    }
  }

  inRotation(): string[] {
    return [...this.hosts.keys()].filter((name) => !this.balancer.out.has(name));
  }

  private note(what: string): void {
    this.journal.push(what);
    const serving = this.inRotation();
    this.fewest = Math.min(this.fewest, serving.length);
    const live = new Set(serving.map((name) => this.host(name).live));
    if (live.size > 1) this.disagreements.push(what);
  }

  private sessions(): HostSessions {
    const session = async ({ name }: { name: string }): Promise<OwnedHostSession> => {
      if (!this.host(name).reachable) throw new HostUnreachableError(name, 'connection refused');
      return {
        server: name,
        exec: async (argv) => this.exec(name, argv),
        stream: () => {
          throw new Error('The fake sessions stream nothing');
        },
        close: async () => void this.journal.push(`closed ${name}`),
      };
    };
    const fresh: HostSessions['fresh'] = async (server) => {
      const own = await session(server);
      this.journal.push(`fresh ${server.name}`);
      return own;
    };
    return { session, fresh, close: async () => undefined };
  }
}
