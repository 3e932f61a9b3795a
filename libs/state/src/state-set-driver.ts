import { PodwayError, type StatePart, type TreeChanges } from '@podway/contracts';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { DeltaSpool } from './delta-spool.js';
import { HostCaller } from './host-caller.js';
import { before, PartCalls, partsOf, type PutFlag } from './part-calls.js';
import type {
  ChangesPage,
  DisarmResult,
  JobRequest,
  JobView,
  LiveLook,
  ProvedState,
  Replication,
  ReplicationResult,
  ServerStatus,
  ServerTarget,
  StateDriver,
  StepContext,
} from './state-driver.js';
import { setFingerprint, type Member } from './state-set.js';
import { StateError } from './state.errors.js';
import { TreeStateDriver, type TreeStateOptions } from './tree-state-driver.js';

/** The members of a state. `id` is the release that their records are of; without one they are what is live. */
interface KnownState {
  readonly id: string | undefined;
  readonly tree: ProvedState;
  readonly parts: readonly Member[];
}

/** How a part differs between two states; `files` where its kind can tell. */
interface PartChanges {
  readonly from?: string;
  readonly to?: string;
  readonly files?: TreeChanges;
}

interface Wanted {
  treeId?: string;
  fingerprint: string;
}

/**
 * The tree and the POD's other parts as one state: recorded, put back, replicated and proved together, all or nothing.
 *
 * Parts change where they are, so a server is changed only while it takes no accesses, after what it had was recorded
 * on it, and with its watchdog armed. The tree is switched last: it is what says which release a server is on.
 */
export class StateSetDriver implements StateDriver {
  private readonly tree: TreeStateDriver;
  private readonly parts: PartCalls;

  constructor(private readonly options: TreeStateOptions = {}) {
    const { commandTimeoutMs = 300_000, transferTimeoutMs = 3_600_000 } = options;
    this.tree = new TreeStateDriver(options);
    this.parts = new PartCalls(new HostCaller(commandTimeoutMs), { transferTimeoutMs });
  }

  prepare(target: ServerTarget): Promise<void> {
    return this.tree.prepare(target);
  }

  /** Fingerprints of trees are those of whole releases, where the server has all that belongs to one. */
  async inspect(target: ServerTarget): Promise<ServerStatus> {
    const status = await this.tree.inspect(target);
    if (partsOf(target).length === 0) return status;
    const trees = status.trees.flatMap((tree) => {
      const parts = partsOf(target).flatMap(({ name }) =>
        status.records
          .filter(({ treeId, part }) => treeId === tree.id && part === name)
          .map(({ fingerprint }) => ({ name, fingerprint })),
      );
      if (parts.length < partsOf(target).length) return [];
      return [{ ...tree, fingerprint: setFingerprint(tree.fingerprint, parts) }];
    });
    return { ...status, trees };
  }

  async fingerprint(
    target: ServerTarget,
    treeId: string | undefined,
    { deep = false }: { deep?: boolean } = {},
  ): Promise<ProvedState> {
    const tree = await this.tree.fingerprint(target, treeId, { deep });
    const parts =
      treeId === undefined ? await this.parts.live(target, deep) : await this.release(target, treeId);
    return { ...tree, fingerprint: setFingerprint(tree.fingerprint, parts) };
  }

  async changes(target: ServerTarget, options: Parameters<StateDriver['changes']>[1]): Promise<ChangesPage> {
    if (partsOf(target).length === 0) return this.tree.changes(target, options);
    const [from, to] = await Promise.all([this.known(target, options.from), this.known(target, options.to)]);
    const page = await this.tree.changes(target, { ...options, from: from.tree, to: to.tree });
    if (options.after !== undefined) return page;
    return { ...page, ...(await this.partChanges(target, from, to, options.limit)) };
  }

  async check(
    target: ServerTarget,
    expected: Required<ProvedState>,
    options: { limit: number; deep?: boolean },
  ): Promise<LiveLook> {
    if (partsOf(target).length === 0) return this.tree.check(target, expected, options);
    const was = await this.known(target, expected);
    const wanted = { treeId: expected.treeId, fingerprint: was.tree.fingerprint };
    const look = await this.tree.check(target, wanted, options);
    const parts = await this.parts.live(target, options.deep === true);
    const live = { tree: look, parts };
    return {
      ...look,
      fingerprint: setFingerprint(look.fingerprint, parts),
      ...(look.changes && {
        changes: { ...look.changes, ...(await this.partChanges(target, was, live, options.limit)) },
      }),
    };
  }

  async snapshot(
    target: ServerTarget,
    ctx: StepContext,
    options: { watchdogMs: number },
  ): Promise<ProvedState> {
    const tree = await this.tree.snapshot(target, ctx, options);
    if (partsOf(target).length === 0) return tree;
    const parts = await this.parts.record(target, ctx, before(ctx.deploymentId));
    return { ...tree, fingerprint: setFingerprint(tree.fingerprint, parts) };
  }

  beginStage(
    target: ServerTarget,
    ctx: StepContext,
    options: { base?: string; copy: 'link' | 'full' },
  ): Promise<{ dir: string }> {
    return this.tree.beginStage(target, ctx, options);
  }

  /** The parts as they are now belong to the new release: installers have changed them in place. */
  async commitStage(
    target: ServerTarget,
    ctx: StepContext,
    options: { dir: string; treeId: string },
  ): Promise<{ fingerprint: string }> {
    const parts = await this.parts.record(target, ctx, options.treeId);
    const tree = await this.tree.commitStage(target, ctx, options);
    return { fingerprint: setFingerprint(tree.fingerprint, parts) };
  }

  async stageFrom(
    source: ServerTarget,
    targets: readonly ServerTarget[],
    ctx: StepContext,
    wanted: { treeId: string; fingerprint: string },
  ): Promise<Replication> {
    const { treeId } = wanted;
    if (partsOf(source).length === 0) return this.tree.stageFrom(source, targets, ctx, wanted);
    const { tree, parts } = await this.proved(source, wanted);
    const staged = await this.tree.stageFrom(source, targets, ctx, { treeId, fingerprint: tree });
    const spool = new DeltaSpool(this.options.spoolFolder);
    let { bytesSent } = staged;
    const results = new Map<string, ReplicationResult>(staged.results);
    try {
      for (const target of targets) {
        if (results.get(target.session.server)?.ok !== true) continue;
        try {
          bytesSent += await this.carryParts(source, target, ctx, treeId, parts, spool);
        } catch (error) {
          if (!(error instanceof PodwayError)) throw error;
          results.set(target.session.server, { ok: false, error });
        }
      }
    } finally {
      await spool.close();
    }
    return { results, bytesSent };
  }

  async switchTo(
    target: ServerTarget,
    ctx: StepContext,
    { watchdogMs, acceptLoss, ...wanted }: Wanted & { watchdogMs?: number; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }> {
    if (partsOf(target).length === 0) return this.tree.switchTo(target, ctx, { ...wanted, watchdogMs });
    const { tree, parts } = await this.proved(target, wanted);
    // A server that the saga has not recorded yet: what it has may differ from what the canary had.
    const takesIt = watchdogMs !== undefined;
    if (takesIt) {
      await this.tree.snapshot(target, ctx, { watchdogMs });
      await this.parts.record(target, ctx, before(ctx.deploymentId), partsOf(target).filter(isOwn));
    }
    let changed = false;
    if (wanted.treeId !== undefined) {
      const flags: PutFlag[] = [...(takesIt ? ['serve' as const] : []), ...acceptedFlags(acceptLoss)];
      changed = await this.parts.put(target, ctx, wanted.treeId, names(parts), 'switch', flags);
    }
    const options = { treeId: wanted.treeId, fingerprint: tree, watchdogMs };
    const switched = await this.tree.switchTo(target, ctx, options);
    return { changed: changed || switched.changed };
  }

  async restore(
    target: ServerTarget,
    ctx: StepContext,
    { treeId, fingerprint, discard, acceptLoss }: Wanted & { discard?: string; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }> {
    if (partsOf(target).length === 0) return this.tree.restore(target, ctx, { treeId, fingerprint, discard });
    // The parts first: the watchdog stands until the tree is back, too.
    const id = before(ctx.deploymentId);
    const recorded = await this.parts.recorded(target, id);
    const order = names(recorded).reverse();
    const putBack = await this.parts.put(target, ctx, id, order, 'restore', acceptedFlags(acceptLoss));
    const tree = treeId === undefined ? EMPTY_FINGERPRINT : await this.treeFingerprint(target, treeId);
    const parts = await this.parts.live(target, false);
    this.expectSame(target, fingerprint, setFingerprint(tree, parts), 'the state before');
    const switched = await this.tree.restore(target, ctx, { treeId, fingerprint: tree, discard });
    return { changed: putBack || switched.changed };
  }

  async open(target: ServerTarget, ctx: StepContext): Promise<void> {
    if (partsOf(target).length > 0) await this.parts.open(target, ctx);
  }

  feedWatchdog(target: ServerTarget, ctx: StepContext, options: { watchdogMs: number }): Promise<void> {
    return this.tree.feedWatchdog(target, ctx, options);
  }

  disarmWatchdog(target: ServerTarget, deploymentId: string): Promise<DisarmResult> {
    return this.tree.disarmWatchdog(target, deploymentId);
  }

  async complete(target: ServerTarget, ctx: StepContext, options: { treeId: string }): Promise<void> {
    await this.tree.complete(target, ctx, options);
    if (partsOf(target).length > 0) await this.parts.forget(target, ctx);
  }

  startJob(target: ServerTarget, ctx: StepContext, request: JobRequest): Promise<void> {
    return this.tree.startJob(target, ctx, request);
  }

  followJob(target: ServerTarget, jobId: string, options: { fromByte: number }): Promise<JobView> {
    return this.tree.followJob(target, jobId, options);
  }

  /** The members of a kept state as they were proved, whatever they are now. */
  private async known(target: ServerTarget, { treeId, fingerprint }: ProvedState): Promise<KnownState> {
    if (treeId === undefined) return { id: undefined, tree: { fingerprint: EMPTY_FINGERPRINT }, parts: [] };
    const { parts, trees } = await this.parts.ofRelease(target, treeId);
    this.expectAll(target, treeId, parts);
    const seen = trees.find((tree) => setFingerprint(tree, parts) === fingerprint);
    const tree = seen ?? (await this.proved(target, { treeId, fingerprint })).tree;
    return { id: treeId, tree: { treeId, fingerprint: tree }, parts };
  }

  /** Parts that differ: by their fingerprints, and file by file where their kind can tell. */
  private async partChanges(
    target: ServerTarget,
    from: KnownState,
    to: Omit<KnownState, 'id'> & { id?: string },
    limit: number,
  ): Promise<{ parts?: Record<string, PartChanges> }> {
    const parts: Record<string, PartChanges> = {};
    for (const { name } of partsOf(target)) {
      const was = from.parts.find((member) => member.name === name)?.fingerprint;
      const is = to.parts.find((member) => member.name === name)?.fingerprint;
      if (was === is) continue;
      const ids = [from.id ?? 'live', to.id ?? 'live'] as const;
      const files = was && is ? await this.parts.changes(target, name, ids, limit) : undefined;
      parts[name] = { from: was, to: is, ...(files && { files }) };
    }
    return Object.keys(parts).length > 0 ? { parts } : {};
  }

  private async treeFingerprint(target: ServerTarget, treeId: string): Promise<string> {
    return (await this.tree.fingerprint(target, treeId)).fingerprint;
  }

  /** The records of a kept release, of every part. @throws STATE.RECORD_MISSING */
  private async release(target: ServerTarget, treeId: string): Promise<Member[]> {
    const recorded = await this.parts.recorded(target, treeId);
    this.expectAll(target, treeId, recorded);
    return recorded;
  }

  private expectAll(target: ServerTarget, treeId: string, recorded: readonly Member[]): void {
    const missing = partsOf(target).find(({ name }) => !recorded.some((member) => member.name === name));
    if (!missing) return;
    throw new StateError(
      'RECORD_MISSING',
      `release ${treeId} has no record of part ${missing.name}: the part was added to the POD later, or the record is lost`,
      { server: target.session.server },
    );
  }

  /** The members of a state that this server holds, proved to be together what is wanted. */
  private async proved(
    target: ServerTarget,
    { treeId, fingerprint }: Wanted,
  ): Promise<{ tree: string; parts: Member[] }> {
    const tree = treeId === undefined ? EMPTY_FINGERPRINT : await this.treeFingerprint(target, treeId);
    const parts =
      treeId === undefined ? await this.parts.live(target, false) : await this.release(target, treeId);
    this.expectSame(target, fingerprint, setFingerprint(tree, parts), `release ${treeId ?? '-'}`);
    return { tree, parts };
  }

  private expectSame(target: ServerTarget, wanted: string, found: string, what: string): void {
    if (found === wanted) return;
    const { server } = target.session;
    throw new StateError('FINGERPRINT_MISMATCH', `${what} has fingerprint ${found}, not ${wanted}`, {
      server,
    });
  }

  private async carryParts(
    source: ServerTarget,
    target: ServerTarget,
    ctx: StepContext,
    treeId: string,
    parts: readonly Member[],
    spool: DeltaSpool,
  ): Promise<number> {
    const there = await this.parts.recorded(target, treeId);
    let bytes = 0;
    for (const part of parts) {
      const has = there.some((one) => one.name === part.name && one.fingerprint === part.fingerprint);
      if (!has) bytes += await this.parts.carry([source, target], ctx, treeId, part, spool);
    }
    const { server } = target.session;
    ctx.progress(`${server} has all parts of the release`, { server });
    return bytes;
  }
}

/** What all servers share is recorded on the canary only: when the others are switched, it has changed already. */
const isOwn = ({ scope }: StatePart): boolean => scope !== 'pod';
const acceptedFlags = (acceptLoss: boolean | undefined): PutFlag[] => (acceptLoss ? ['accept-loss'] : []);
const names = (members: readonly Member[]): string[] => members.map(({ name }) => name);
