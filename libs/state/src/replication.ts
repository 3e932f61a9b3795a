import { Readable } from 'node:stream';
import { PodwayError, SHA256 } from '@podway/contracts';
import { ID_OR_NONE } from './answer-forms.js';
import { commonBase, NO_BASE, type Base } from './common-base.js';
import { DeltaSpool, type Delta } from './delta-spool.js';
import type { HostCaller } from './host-caller.js';
import { inParallel } from './in-parallel.js';
import type {
  Replication,
  ReplicationResult,
  ServerStatus,
  ServerTarget,
  StateDriver,
  StepContext,
} from './state-driver.js';
import { StateError } from './state.errors.js';

export interface ReplicationOrder {
  readonly source: ServerTarget;
  readonly targets: readonly ServerTarget[];
  readonly ctx: StepContext;
  readonly treeId: string;
  readonly fingerprint: string;
}

interface ReplicationLimits {
  readonly transferTimeoutMs: number;
  readonly fanOut: number;
  readonly spoolFolder?: string;
}

/** FIG. 2, 216. One delta is made for each distinct base, on the source, and sent to all targets that have that base. */
export async function replicateTree(
  driver: StateDriver,
  host: HostCaller,
  limits: ReplicationLimits,
  order: ReplicationOrder,
): Promise<Replication> {
  const run = new ReplicationRun(driver, host, limits, order);
  try {
    return await run.toAll();
  } finally {
    await run.close();
  }
}

class ReplicationRun {
  private readonly spool: DeltaSpool;
  private readonly deltas = new Map<string, Promise<Delta>>();
  private bytesSent = 0;
  private done = 0;

  constructor(
    private readonly driver: StateDriver,
    private readonly host: HostCaller,
    private readonly limits: ReplicationLimits,
    private readonly order: ReplicationOrder,
  ) {
    this.spool = new DeltaSpool(limits.spoolFolder);
  }

  async toAll(): Promise<Replication> {
    const { source, targets } = this.order;
    const sourceStatus = this.driver.inspect(source);
    const results = new Map<string, ReplicationResult>();
    await inParallel(targets, this.limits.fanOut, async (target) => {
      results.set(target.session.server, await this.outcomeOf(target, sourceStatus));
    });
    await sourceStatus;
    return { results, bytesSent: this.bytesSent };
  }

  close(): Promise<void> {
    return this.spool.close();
  }

  private async outcomeOf(target: ServerTarget, source: Promise<ServerStatus>): Promise<ReplicationResult> {
    try {
      await this.toOne(target, source);
      return { ok: true };
    } catch (error) {
      if (error instanceof PodwayError) return { ok: false, error };
      const details = { server: target.session.server };
      return { ok: false, error: new StateError('COMMAND_FAILED', String(error), details, error) };
    }
  }

  private async toOne(target: ServerTarget, source: Promise<ServerStatus>): Promise<void> {
    const { treeId, fingerprint } = this.order;
    const status = await this.statusOf(target);
    if (status.trees.some((tree) => tree.id === treeId && tree.fingerprint === fingerprint)) {
      const proved = await this.driver.fingerprint(target, treeId);
      if (proved.fingerprint === fingerprint) return this.report(target, 'has the release already');
    }
    const base = commonBase(await source, status);
    try {
      await this.send(target, base);
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE.FINGERPRINT_MISMATCH' || base === NO_BASE) {
        throw error;
      }
      // The base was no longer what it was said to be, on that server.
      await this.send(target, NO_BASE);
    }
    this.report(target, 'has the release staged and proved');
  }

  /** A server that is prepared already, as those of a deployment are, is asked only once. */
  private async statusOf(target: ServerTarget): Promise<ServerStatus> {
    try {
      return await this.driver.inspect(target);
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE.NOT_PREPARED') throw error;
      await this.driver.prepare(target);
      return this.driver.inspect(target);
    }
  }

  private async send(target: ServerTarget, base: Base): Promise<void> {
    const { treeId, fingerprint, ctx } = this.order;
    // The server links its copy of the base while the delta is still being made.
    const body = Readable.from(this.bytesOf(base), { objectMode: false });
    const args = [ctx.fencingToken, ctx.deploymentId, treeId, fingerprint, base.onTarget];
    try {
      const answer = await this.host.call(target, 'receive', args, {
        stdin: body,
        signal: ctx.signal,
        timeoutMs: this.limits.transferTimeoutMs,
      });
      answer.one('fingerprint', ID_OR_NONE, SHA256);
    } finally {
      body.destroy();
    }
  }

  private async *bytesOf(base: Base): AsyncGenerator<Buffer> {
    const delta = await this.deltaFrom(base);
    this.bytesSent += delta.bytes;
    yield* delta.read() as AsyncIterable<Buffer>;
  }

  private deltaFrom(base: Base): Promise<Delta> {
    const known = this.deltas.get(base.fingerprint);
    if (known) return known;
    const { source, ctx, treeId, fingerprint } = this.order;
    const args = [treeId, fingerprint, base.onSource, base.fingerprint];
    const { stdout, done } = this.host.stream(source, 'make-delta', args, {
      signal: ctx.signal,
      timeoutMs: this.limits.transferTimeoutMs,
    });
    const delta = this.spool.keep(stdout, done);
    this.deltas.set(base.fingerprint, delta);
    return delta;
  }

  private report(target: ServerTarget, what: string): void {
    this.done++;
    const percent = Math.floor((100 * this.done) / this.order.targets.length);
    this.order.ctx.progress(`${target.session.server} ${what}`, { server: target.session.server, percent });
  }
}
