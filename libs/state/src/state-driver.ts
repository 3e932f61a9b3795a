import type { PodwayError, StateChanges, StateSpec } from '@podway/contracts';
import type { HostSession } from '@podway/hosts';
import type { StepLog } from './step-log.js';

/** Where a POD's state is on one server. */
export interface ServerTarget {
  readonly session: HostSession;
  /** The POD's folder on this server. */
  readonly path: string;
  readonly state: StateSpec;
  /**
   * Whether users may write to databases while this server is changed. `drained` (default): not while it is out of
   * rotation; `open`: all the time; `fenced`: not before the deployment is over.
   */
  readonly writes?: 'drained' | 'open' | 'fenced';
}

/** On whose behalf a server is changed. */
export interface StepContext {
  readonly deploymentId: string;
  /** A server refuses a lower one than it has seen (STATE.FENCED). */
  readonly fencingToken: number;
  readonly signal?: AbortSignal;
  readonly log: StepLog;
  progress(message: string, at?: { server?: string; percent?: number }): void;
}

/** One release folder on a server. */
export interface TreeInfo {
  readonly id: string;
  /** As last seen; only `fingerprint()` proves it. */
  readonly fingerprint: string;
  /** A deployment was completed with it. */
  readonly verified: boolean;
}

/** What a part was in one release. */
export interface PartRecord {
  readonly treeId: string;
  readonly part: string;
  readonly fingerprint: string;
}

export interface ServerStatus {
  readonly hostVersion: string;
  readonly bootId: string;
  /** Highest token seen; 0 when none. */
  readonly fencingToken: number;
  /** Unset: no release is live. */
  readonly liveTreeId?: string;
  readonly trees: readonly TreeInfo[];
  /** Records of the POD's parts, each of one release. */
  readonly records: readonly PartRecord[];
  readonly watchdog?: { readonly deploymentId: string; readonly remainingMs: number };
  /** Deployments during which the watchdog put this server back. */
  readonly restoredByWatchdog: readonly string[];
  /** Parts that the watchdog could not put back by itself: they wait for the roll-back, or an operator. */
  readonly leftByWatchdog: readonly { readonly deploymentId: string; readonly part: string }[];
  readonly diskFreeMb: number;
  /** Load average of the last minute. */
  readonly load1: number;
  readonly cpus: number;
}

/** A proved state: `treeId` is unset when there is no release. */
export interface ProvedState {
  readonly treeId?: string;
  readonly fingerprint: string;
}

/** A kept tree and the fingerprint that it must have; without a tree, the state without a release. */
export type ExpectedState = ProvedState;

/** How two states differ, a page of it. */
export interface ChangesPage extends StateChanges {
  /** What `after` is for the next page. Unset: there is none. */
  readonly next?: string;
}

/** What a look at the live state has found. */
export interface LiveLook extends ProvedState {
  /** How it differs from the expected state. Unset where that is not known file by file on this server any more. */
  readonly changes?: StateChanges;
}

export type ReplicationResult = { readonly ok: true } | { readonly ok: false; readonly error: PodwayError };

export interface Replication {
  /** By the server's name. */
  readonly results: Map<string, ReplicationResult>;
  /** To all targets together. */
  readonly bytesSent: number;
}

export type DisarmResult = 'disarmed' | 'not-armed' | 'fired';

export interface JobRequest {
  /** Letters, digits, `.`, `_`, `-`; at most 128. The same id never starts twice. */
  readonly jobId: string;
  readonly argv: readonly string[];
  /** Absolute folder on the server. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Then the job gets TERM, five seconds later KILL, and exits with 124. */
  readonly timeoutMs: number;
}

export interface JobView {
  /** Output from `fromByte` on, at most 64 KiB of it; never cut inside a UTF-8 character. */
  readonly output: string;
  readonly nextByte: number;
  /** More output is there already. */
  readonly more: boolean;
  /** lost: the server was rebooted, or the job's process vanished. 143 is the exit code of a cancelled job. */
  readonly state: 'running' | 'exited' | 'lost';
  readonly exitCode?: number;
}

/**
 * Knows one kind of server state: proves, records, restores and replicates it. Every call may be repeated, and may be
 * cut at any point: a server is wholly on one tree or wholly on another. Rejects STATE.* (see `StateError`) and HOST.*.
 */
export interface StateDriver {
  /** Brings the server's script and folders up to date; cheap when they are. */
  prepare(target: ServerTarget): Promise<void>;

  inspect(target: ServerTarget): Promise<ServerStatus>;

  /** Reads the state and proves its fingerprint. `treeId` undefined: the live state. `deep` hashes every file again. */
  fingerprint(
    target: ServerTarget,
    treeId: string | undefined,
    options?: { deep?: boolean },
  ): Promise<ProvedState>;

  /** How two kept states differ, from what is known of them; only what is not known yet is read. By path, at most `limit` entries. */
  changes(
    target: ServerTarget,
    options: { from: ExpectedState; to: ExpectedState; limit: number; after?: string },
  ): Promise<ChangesPage>;

  /**
   * Whether the live state is the expected one, and how it differs. Changes nothing. Unless `deep`, only files that seem
   * touched are read: by path, size, mtime, inode, mode or owner.
   */
  check(
    target: ServerTarget,
    expected: Required<ProvedState>,
    options: { limit: number; deep?: boolean },
  ): Promise<LiveLook>;

  /** FIG. 2, 210: records the live state once per deployment, and arms the watchdog. */
  snapshot(target: ServerTarget, ctx: StepContext, options: { watchdogMs: number }): Promise<ProvedState>;

  /**
   * A new private folder, filled from `base` where one is given: `link` shares unchanged files with it (never write in
   * place), `full` copies them.
   */
  beginStage(
    target: ServerTarget,
    ctx: StepContext,
    options: { base?: string; copy: 'link' | 'full' },
  ): Promise<{ dir: string }>;

  /** Makes a stage a tree. When the tree is there already, the stage is dropped and the tree's fingerprint returned. */
  commitStage(
    target: ServerTarget,
    ctx: StepContext,
    options: { dir: string; treeId: string },
  ): Promise<{ fingerprint: string }>;

  /** FIG. 2, 216: carries a tree of `source` to the targets and proves it there. Failures are per target. */
  stageFrom(
    source: ServerTarget,
    targets: readonly ServerTarget[],
    ctx: StepContext,
    options: { treeId: string; fingerprint: string },
  ): Promise<Replication>;

  /**
   * Proves a tree and makes it live by one rename, then runs the POD's `reload`. With `watchdogMs` the watchdog is
   * armed before. `treeId` undefined: the state without a release. Rejects STATE.LOSS_WINDOW when an earlier release would
   * lose what users have written to a database since it was recorded, unless `acceptLoss` says that it may.
   */
  switchTo(
    target: ServerTarget,
    ctx: StepContext,
    options: { treeId?: string; fingerprint: string; watchdogMs?: number; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }>;

  /**
   * FIG. 2, 218: ends the deployment's jobs, switches back, proves every byte, and drops the deployment's stages, its
   * armed watchdog and the `discard` tree unless that was verified. Rejects STATE.LOSS_WINDOW when that would lose what
   * users have written to a database since this server took accesses again, unless `acceptLoss` says that it may.
   */
  restore(
    target: ServerTarget,
    ctx: StepContext,
    options: { treeId?: string; fingerprint: string; discard?: string; acceptLoss?: boolean },
  ): Promise<{ changed: boolean }>;

  /** Call it before a server that this deployment changed takes accesses: what is written from then on is the users'. */
  open(target: ServerTarget, ctx: StepContext): Promise<void>;

  /** Gives an armed watchdog `watchdogMs` from now. Rejects STATE.WATCHDOG_NOT_ARMED, STATE.WATCHDOG_FIRED. */
  feedWatchdog(target: ServerTarget, ctx: StepContext, options: { watchdogMs: number }): Promise<void>;

  /** Call it over a fresh connection. `fired`: it came too late, the server is on its earlier state. */
  disarmWatchdog(target: ServerTarget, deploymentId: string): Promise<DisarmResult>;

  /** Marks a tree verified and drops what is no longer needed; the live tree and the last `keep` verified ones stay. */
  complete(target: ServerTarget, ctx: StepContext, options: { treeId: string }): Promise<void>;

  /** Starts a program detached from this connection, at most once per job id. */
  startJob(target: ServerTarget, ctx: StepContext, options: JobRequest): Promise<void>;

  followJob(target: ServerTarget, jobId: string, options: { fromByte: number }): Promise<JobView>;
}
