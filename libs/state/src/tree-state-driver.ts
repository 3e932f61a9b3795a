import { SHA256, ULID } from '@podway/contracts';
import { FLAG, ID_OR_NONE } from './answer-forms.js';
import type { HostAnswer } from './host-answer.js';
import { HostCaller } from './host-caller.js';
import { jobView } from './job-view.js';
import { jobArguments } from './job-arguments.js';
import { replicateTree } from './replication.js';
import { StateError } from './state.errors.js';
import { treeChanges } from './tree-changes.js';
import type {
  ChangesPage,
  DisarmResult,
  JobRequest,
  JobView,
  LiveLook,
  ProvedState,
  Replication,
  ServerStatus,
  ServerTarget,
  StateDriver,
  StepContext,
} from './state-driver.js';
import { serverStatus } from './tree-status.js';

export interface TreeStateOptions {
  /** Longest time of one call in milliseconds. Default 300000. */
  readonly commandTimeoutMs?: number;
  /** Longest time to make or to send one delta in milliseconds. Default 3600000. */
  readonly transferTimeoutMs?: number;
  /** Servers that are sent to at once. Default 16. */
  readonly fanOut?: number;
  /** Folder in which deltas wait until all servers have them. Default: the system's temporary folder. */
  readonly spoolFolder?: string;
}

const STAGE = /^[0-9A-HJKMNP-TV-Z]{26}\.[A-Za-z0-9]{6}$/;
const HOOK = /^(systemd|cron|none)$/;
const JOB = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

function provedState(answer: HostAnswer, word: string): ProvedState {
  const [treeId, fingerprint = ''] = answer.one(word, ID_OR_NONE, SHA256);
  return treeId === '-' ? { fingerprint } : { treeId, fingerprint };
}

const changed = (answer: HostAnswer) => ({ changed: answer.one('switched', FLAG)[0] === '1' });

/**
 * State kept as release folders beside each other and a link `current` that is switched by a rename. All work on a
 * server is done by the script `podway-host`.
 */
export class TreeStateDriver implements StateDriver {
  private readonly host: HostCaller;
  private readonly options: Required<Omit<TreeStateOptions, 'spoolFolder'>> & { spoolFolder?: string };

  constructor(options: TreeStateOptions = {}) {
    this.options = { commandTimeoutMs: 300_000, transferTimeoutMs: 3_600_000, fanOut: 16, ...options };
    this.host = new HostCaller(this.options.commandTimeoutMs);
  }

  prepare(target: ServerTarget): Promise<void> {
    return this.host.prepare(target);
  }

  async inspect(target: ServerTarget): Promise<ServerStatus> {
    return serverStatus(await this.host.call(target, 'inspect', []));
  }

  async fingerprint(
    target: ServerTarget,
    treeId: string | undefined,
    { deep = false }: { deep?: boolean } = {},
  ): Promise<ProvedState> {
    const answer = await this.host.call(target, 'fingerprint', [treeId ?? '-', deep ? 'deep' : 'quick']);
    return provedState(answer, 'fingerprint');
  }

  async changes(
    target: ServerTarget,
    { from, to, limit, after = '' }: Parameters<StateDriver['changes']>[1],
  ): Promise<ChangesPage> {
    const states = [from, to].flatMap(({ treeId, fingerprint }) => [treeId ?? '-', fingerprint]);
    const answer = await this.host.call(target, 'compare', [...states, limit, after]);
    const found = treeChanges(answer);
    if (found) return found;
    throw new StateError('ANSWER_INVALID', 'the answer to compare tells no changes', {
      server: target.session.server,
      verb: 'compare',
    });
  }

  async check(
    target: ServerTarget,
    { treeId, fingerprint }: Required<ProvedState>,
    { limit, deep = false }: { limit: number; deep?: boolean },
  ): Promise<LiveLook> {
    const args = [treeId, fingerprint, deep ? 'deep' : 'quick', limit];
    const answer = await this.host.call(target, 'check', args);
    const tree = treeChanges(answer)?.tree;
    return { ...provedState(answer, 'live'), ...(tree && { changes: { tree } }) };
  }

  async snapshot(
    target: ServerTarget,
    ctx: StepContext,
    { watchdogMs }: { watchdogMs: number },
  ): Promise<ProvedState> {
    const reload = target.state.reload ?? [];
    return provedState(await this.mutate(target, ctx, 'snapshot', [watchdogMs, ...reload]), 'snapshot');
  }

  async beginStage(
    target: ServerTarget,
    ctx: StepContext,
    { base, copy }: { base?: string; copy: 'link' | 'full' },
  ): Promise<{ dir: string }> {
    const answer = await this.mutate(target, ctx, 'begin-stage', [base ?? '-', copy]);
    const [stage] = answer.one('stage', STAGE);
    return { dir: `${target.path}/.podway/staging/${stage}/tree` };
  }

  async commitStage(
    target: ServerTarget,
    ctx: StepContext,
    { dir, treeId }: { dir: string; treeId: string },
  ): Promise<{ fingerprint: string }> {
    // The folder's name is enough: the script takes stages from its own place only.
    const stage = dir.split('/').at(-2) ?? '';
    const answer = await this.mutate(target, ctx, 'commit-stage', [stage, treeId]);
    return { fingerprint: provedState(answer, 'fingerprint').fingerprint };
  }

  stageFrom(
    source: ServerTarget,
    targets: readonly ServerTarget[],
    ctx: StepContext,
    wanted: { treeId: string; fingerprint: string },
  ): Promise<Replication> {
    return replicateTree(this, this.host, this.options, { source, targets, ctx, ...wanted });
  }

  async switchTo(
    target: ServerTarget,
    ctx: StepContext,
    { treeId, fingerprint, watchdogMs }: { treeId?: string; fingerprint: string; watchdogMs?: number },
  ): Promise<{ changed: boolean }> {
    const args = [treeId ?? '-', fingerprint, watchdogMs ?? '-', ...(target.state.reload ?? [])];
    return changed(await this.mutate(target, ctx, 'switch', args));
  }

  async restore(
    target: ServerTarget,
    ctx: StepContext,
    { treeId, fingerprint, discard }: { treeId?: string; fingerprint: string; discard?: string },
  ): Promise<{ changed: boolean }> {
    const args = [treeId ?? '-', fingerprint, discard ?? '-', ...(target.state.reload ?? [])];
    return changed(await this.mutate(target, ctx, 'restore', args));
  }

  /** A tree has nothing that users write to. */
  async open(): Promise<void> {}

  async feedWatchdog(
    target: ServerTarget,
    ctx: StepContext,
    { watchdogMs }: { watchdogMs: number },
  ): Promise<void> {
    (await this.mutate(target, ctx, 'feed', [watchdogMs])).one('armed', ULID);
  }

  async disarmWatchdog(target: ServerTarget, deploymentId: string): Promise<DisarmResult> {
    const answer = await this.host.call(target, 'disarm', [deploymentId]);
    return answer.one('disarm', /^(disarmed|not-armed|fired)$/)[0] as DisarmResult;
  }

  async complete(target: ServerTarget, ctx: StepContext, { treeId }: { treeId: string }): Promise<void> {
    (await this.mutate(target, ctx, 'complete', [treeId])).one('completed', ULID);
  }

  async startJob(target: ServerTarget, ctx: StepContext, request: JobRequest): Promise<void> {
    (await this.mutate(target, ctx, 'job-start', jobArguments(request))).one('job', JOB);
  }

  async followJob(target: ServerTarget, jobId: string, { fromByte }: { fromByte: number }): Promise<JobView> {
    return jobView(await this.host.call(target, 'job-follow', [jobId, fromByte]));
  }

  private async mutate(
    target: ServerTarget,
    ctx: StepContext,
    verb: string,
    args: readonly (string | number)[],
  ): Promise<HostAnswer> {
    const { fencingToken, deploymentId, signal } = ctx;
    const answer = await this.host.call(target, verb, [fencingToken, deploymentId, ...args], { signal });
    if (answer.optional('hook', HOOK)?.[0] === 'none') {
      const { server } = target.session;
      ctx.progress(`${server} has neither systemd nor cron: its watchdog does not outlive a reboot`, {
        server,
      });
    }
    return answer;
  }
}
