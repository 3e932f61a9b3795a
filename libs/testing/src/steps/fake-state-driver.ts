import { PodwayError, type TreeChanges } from '@podway/contracts';
import type {
  ChangesPage,
  DisarmResult,
  JobView,
  LiveLook,
  ProvedState,
  Replication,
  ReplicationResult,
  ServerStatus,
  ServerTarget,
  StateDriver,
  StepContext,
} from '@podway/state';
import { fingerprintOf, type DriverVerb, type FakeServer } from './fake-server.js';

/** Servers in memory behind the port of the state driver. `note` is told each call, but for looks. */
export class FakeStateDriver implements StateDriver {
  private stages = 0;

  constructor(
    private readonly servers: ReadonlyMap<string, FakeServer>,
    private readonly note: (what: string) => void,
  ) {}

  async prepare(target: ServerTarget): Promise<void> {
    this.on(target, 'prepare');
  }

  async inspect(target: ServerTarget): Promise<ServerStatus> {
    return this.on(target, 'inspect').status();
  }

  async fingerprint(target: ServerTarget, treeId: string | undefined): Promise<ProvedState> {
    const server = this.on(target, 'fingerprint');
    const id = treeId ?? server.live;
    server.need(id);
    this.note(`prove ${server.name}`);
    return { ...(id === undefined ? {} : { treeId: id }), fingerprint: fingerprintOf(id) };
  }

  /** Two trees differ in one file, `content`. */
  async changes(
    target: ServerTarget,
    { from, to }: { from: ProvedState; to: ProvedState },
  ): Promise<ChangesPage> {
    const server = this.on(target, 'changes');
    server.need(from.treeId);
    server.need(to.treeId);
    return { tree: differing(from.treeId === to.treeId ? [] : ['content']) };
  }

  async check(target: ServerTarget, expected: Required<ProvedState>): Promise<LiveLook> {
    const server = this.on(target, 'check');
    const paths = server.live === expected.treeId ? server.edited : [...server.edited, 'content'];
    const fingerprint = fingerprintOf([server.live, ...server.edited].join(' '));
    return {
      ...(server.live === undefined ? {} : { treeId: server.live }),
      fingerprint: server.edited.length === 0 ? fingerprintOf(server.live) : fingerprint,
      changes: { tree: differing(paths) },
    };
  }

  async snapshot(target: ServerTarget, ctx: StepContext): Promise<ProvedState> {
    const server = this.on(target, 'snapshot', ctx);
    server.armed = ctx.deploymentId;
    this.note(`snapshot ${server.name}`);
    const { live } = server;
    return { ...(live === undefined ? {} : { treeId: live }), fingerprint: fingerprintOf(live) };
  }

  async beginStage(
    target: ServerTarget,
    ctx: StepContext,
    { base, copy }: { base?: string; copy: 'link' | 'full' },
  ): Promise<{ dir: string }> {
    const server = this.on(target, 'beginStage', ctx);
    this.note(`stage ${server.name} ${copy} ${base ?? '-'}`);
    return { dir: `${target.path}/.podway/staging/${ctx.deploymentId}.${++this.stages}/tree` };
  }

  async commitStage(
    target: ServerTarget,
    ctx: StepContext,
    { treeId }: { dir: string; treeId: string },
  ): Promise<{ fingerprint: string }> {
    const server = this.on(target, 'commitStage', ctx);
    server.trees.add(treeId);
    this.note(`commit ${server.name}`);
    return { fingerprint: fingerprintOf(treeId) };
  }

  async stageFrom(
    source: ServerTarget,
    targets: readonly ServerTarget[],
    ctx: StepContext,
    { treeId }: { treeId: string; fingerprint: string },
  ): Promise<Replication> {
    this.on(source, 'inspect').need(treeId);
    const results = new Map<string, ReplicationResult>();
    for (const target of targets) results.set(target.session.server, this.received(target, ctx, treeId));
    this.note(`stage from ${source.session.server} to ${[...results.keys()].join(' ')}`);
    return { results, bytesSent: 100 * targets.length };
  }

  async switchTo(
    target: ServerTarget,
    ctx: StepContext,
    {
      treeId,
      watchdogMs,
    }: { treeId?: string; fingerprint: string; watchdogMs?: number; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }> {
    const server = this.on(target, 'switchTo', ctx);
    server.need(treeId);
    if (server.fired) throw server.error('WATCHDOG_FIRED', 'it has restored itself');
    if (watchdogMs !== undefined) server.armed = ctx.deploymentId;
    return this.live(server, treeId, 'switch');
  }

  async restore(
    target: ServerTarget,
    ctx: StepContext,
    { treeId, discard }: { treeId?: string; fingerprint: string; discard?: string; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }> {
    const server = this.on(target, 'restore', ctx);
    server.need(treeId);
    const result = this.live(server, treeId, 'restore');
    server.armed = undefined;
    if (discard !== undefined && !server.verified.has(discard)) server.trees.delete(discard);
    return result;
  }

  async open(target: ServerTarget, ctx: StepContext): Promise<void> {
    this.note(`open ${this.on(target, 'open', ctx).name}`);
  }

  async feedWatchdog(target: ServerTarget, ctx: StepContext): Promise<void> {
    const server = this.on(target, 'feedWatchdog', ctx);
    if (server.fired) throw server.error('WATCHDOG_FIRED', 'it has restored itself');
    if (server.armed !== ctx.deploymentId) throw server.error('WATCHDOG_NOT_ARMED', 'no watchdog is armed');
    this.note(`feed ${server.name}`);
  }

  async disarmWatchdog(target: ServerTarget, deploymentId: string): Promise<DisarmResult> {
    const server = this.on(target, 'disarmWatchdog');
    this.note(`disarm ${server.name}`);
    if (server.fired) return 'fired';
    if (server.armed !== deploymentId) return 'not-armed';
    server.armed = undefined;
    return 'disarmed';
  }

  async complete(target: ServerTarget, ctx: StepContext, { treeId }: { treeId: string }): Promise<void> {
    const server = this.on(target, 'complete', ctx);
    server.verified.add(treeId);
    this.note(`complete ${server.name}`);
  }

  async startJob(): Promise<void> {
    throw new Error('The fake driver runs no jobs');
  }

  async followJob(): Promise<JobView> {
    throw new Error('The fake driver runs no jobs');
  }

  private on(target: ServerTarget, verb: DriverVerb, ctx?: StepContext): FakeServer {
    const server = this.servers.get(target.session.server);
    if (!server) throw new Error(`There is no fake server ${target.session.server}`);
    server.meet(verb, ctx?.fencingToken);
    return server;
  }

  private received(target: ServerTarget, ctx: StepContext, treeId: string): ReplicationResult {
    try {
      this.on(target, 'stageFrom', ctx).trees.add(treeId);
      return { ok: true };
    } catch (error) {
      if (error instanceof PodwayError) return { ok: false, error };
      throw error;
    }
  }

  private live(server: FakeServer, treeId: string | undefined, verb: string): { changed: boolean } {
    const changed = server.live !== treeId;
    server.live = treeId;
    this.note(`${verb} ${server.name}`);
    return { changed };
  }
}

function differing(paths: readonly string[]): TreeChanges {
  const entries = paths.map((path) => ({ change: 'changed' as const, path, what: 'content' }));
  return { added: 0, changed: entries.length, removed: 0, entries, more: false };
}
