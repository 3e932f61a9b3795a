import { PodCommand, UpdateSubmitted, type DeploymentChanged, type StepCommand } from '@podway/contracts';
import { begin } from '../../src/begin.js';
import { decide } from '../../src/decide.js';
import type { DecisionContext, Moved, ReleaseRecord } from '../../src/decision.js';
import type { SagaInput } from '../../src/inputs.js';
import type { SagaState } from '../../src/saga-state.js';
import { sagaTable, type SagaLimits } from '../../src/saga-table.js';
import { phaseOf, waitsFor, wordFor, type GroupPhase, type GroupView } from '../../src/update-group.js';
import type { Message } from './broker.js';
import { checkAgreement, checkCanaries, checkEnd } from './observer.js';
import { promise, type Planted } from './planted.js';
import type { ModelPod } from './servers.js';

export type Crash = 'none' | 'before commit' | 'before publish' | 'after publish' | 'before ack';
export type Handled = 'ack' | 'keep' | 'deferred';

/** Steps try twice in the model, so that giving up is not rare. */
const limits: SagaLimits = Object.fromEntries(
  Object.keys(sagaTable).map((step) => [step, { maxAttempts: 2, timeoutMs: 1_000 }]),
);

export interface Published {
  command(id: string, command: StepCommand): void;
  changed(id: string, changed: DeploymentChanged): void;
}

type OutboxRow = { id: string; command: StepCommand } | { id: string; changed: DeploymentChanged };

/** The coordinator with its database: rows, inbox, outbox and leases, changed only as a whole. */
export class ModelCoordinator {
  readonly rows = new Map<string, SagaState>();
  /** The log of changes, as committed. */
  readonly log: DeploymentChanged[] = [];
  private outbox: OutboxRow[] = [];
  private readonly phases = new Map<string, GroupPhase>();
  private readonly begun = new Set<string>();
  private readonly inbox = new Set<string>();
  private serial = 0;

  constructor(
    private readonly pods: ReadonlyMap<string, ModelPod>,
    private readonly published: Published,
    private readonly planted: Planted,
    private readonly clock: () => number,
  ) {}

  /** A message of the broker, with a crash on the way or none. */
  receive({ id, body }: Message, crash: Crash): Handled {
    if (this.inbox.has(id)) return 'ack';
    const state = this.rows.get((body as { deploymentId: string }).deploymentId);
    if (body instanceof UpdateSubmitted && (!state || this.planted.noDedupe)) {
      return this.save(id, begin(body, this.context(undefined)), crash);
    }
    return state ? this.advance(state, body as SagaInput, id, crash) : 'deferred';
  }

  /** An input of the coordinator's own. */
  tell(deploymentId: string, input: SagaInput, crash: Crash = 'none'): Handled {
    const state = this.rows.get(deploymentId);
    return state ? this.advance(state, input, undefined, crash) : 'ack';
  }

  private advance(state: SagaState, input: SagaInput, id: string | undefined, crash: Crash): Handled {
    const pod = this.podOf(state);
    const decision = (this.planted.decide ?? decide)(state, input, this.context(pod));
    if (decision.kind === 'deferred') return 'deferred';
    if (decision.kind === 'moved') return this.save(id, decision, crash, pod);
    if (id !== undefined) this.inbox.add(id);
    return 'ack';
  }

  private podOf(state: SagaState): ModelPod | undefined {
    return state.pod === undefined ? undefined : this.pods.get(state.pod);
  }

  private context(pod: ModelPod | undefined): DecisionContext {
    const now = new Date(this.clock());
    if (!pod) return { now, limits };
    const token = this.planted.constantToken ? 1 : pod.token + 1;
    const last = pod.releases.at(-1)?.number ?? 0;
    return { now, limits, fencingToken: token, release: this.planted.constantRelease ? 1 : last + 1 };
  }

  /** One transaction, then publish, then ack; `crash` says where it ends. */
  private save(id: string | undefined, moved: Moved, crash: Crash, before?: ModelPod): Handled {
    if (crash === 'before commit') {
      if (this.planted.publishBeforeCommit) this.publish(this.rowsOf(moved));
      return this.planted.ackBeforeCommit ? 'ack' : 'keep';
    }
    this.commit(moved, before);
    if (id !== undefined) this.inbox.add(id);
    this.outbox.push(...this.rowsOf(moved));
    if (crash === 'before publish') {
      if (this.planted.noOutbox) this.outbox = [];
      return 'keep';
    }
    if (crash === 'after publish') this.publish(this.outbox);
    else this.relay();
    return crash === 'none' ? 'ack' : 'keep';
  }

  private rowsOf({ commands, changed }: Moved): OutboxRow[] {
    const sent = commands.map((command) => ({ id: `c${++this.serial}`, command }));
    return changed ? [...sent, { id: `e${++this.serial}`, changed }] : sent;
  }

  private commit({ state, commands, effects, changed }: Moved, before: ModelPod | undefined): void {
    const { deploymentId } = state;
    this.rows.set(deploymentId, Object.freeze(state));
    if (changed) this.log.push(changed);
    if (changed?.to === 'Replicating') checkCanaries(state, this.members(state.updateId), this.log);
    const pod = before ?? this.podOf(state);
    if (!pod) return;
    for (const command of commands) if (command instanceof PodCommand) this.draw(pod, command.fencingToken);
    for (const name of effects.quarantine) pod.quarantined.add(name);
    for (const name of effects.unquarantine) pod.quarantined.delete(name);
    if (effects.recordRelease) this.record(pod, effects.recordRelease);
    this.checkOwners(pod);
    if (effects.releaseLease) {
      pod.holder = undefined;
      checkEnd(pod, state.name);
    }
    if (changed?.to === 'RollbackFailed') checkAgreement(pod, state.name);
  }

  private draw(pod: ModelPod, token: number): void {
    promise(token > pod.token, `token ${token} of ${pod.name} does not grow`);
    pod.token = token;
  }

  private record(pod: ModelPod, { number, treeId }: ReleaseRecord): void {
    promise(number > (pod.releases.at(-1)?.number ?? 0), `release ${number} of ${pod.name} does not grow`);
    pod.releases.push({ number, treeId });
  }

  private checkOwners(pod: ModelPod): void {
    const owners = [...this.rows.values()].filter((row) => row.pod === pod.name && sagaTable[row.name].lease);
    promise(owners.length <= 1, `${pod.name} has ${owners.length} owners`);
  }

  /** Takes updates of several PODs on, and gives free PODs to whoever's turn it is. */
  dispatch(): void {
    for (const id of new Set(
      [...this.rows.values()].filter(({ group }) => group).map((row) => row.updateId),
    )) {
      this.advanceGroup(id);
    }
    for (const pod of this.pods.values()) {
      const next = this.rows.get(this.turnIn(pod.name) ?? '');
      if (!next || this.waits(next)) continue;
      this.checkTurn(next);
      if (next.group) this.begun.add(next.updateId);
      pod.holder = next.deploymentId;
      this.tell(next.deploymentId, { kind: 'PodLeased' });
    }
  }

  private members(updateId: string): SagaState[] {
    return [...this.rows.values()].filter((row) => row.updateId === updateId);
  }

  private viewOf(updateId: string): GroupView {
    const members = this.members(updateId);
    const { mode, size } = members[0]!.group!;
    return {
      ...{ mode, size, phase: this.phases.get(updateId) ?? 'canaries', begun: this.begun.has(updateId) },
      members: members.map(({ deploymentId, target, name, group }) => ({
        ...{ deploymentId, pod: target.pod, position: group!.position, state: name },
      })),
    };
  }

  private advanceGroup(id: string): void {
    const before = this.viewOf(id);
    const view = { ...before, phase: this.planted.noGroup ? 'confirmed' : phaseOf(before) } as const;
    this.phases.set(id, view.phase);
    for (const member of view.members) {
      const word = this.planted.noGroup
        ? wordFor({ ...view, phase: member.state === 'AwaitingCanaries' ? 'released' : 'confirmed' }, member)
        : wordFor(view, member);
      if (word) this.tell(member.deploymentId, word);
    }
  }

  private waits(next: SagaState): boolean {
    if (!next.group || this.planted.noGang) return false;
    return waitsFor(this.viewOf(next.updateId), next.group.position, (pod) => this.turnIn(pod)) !== undefined;
  }

  /** Whose turn it is in a free POD: older updates that are not in the queue yet are waited for. */
  private turnIn(name: string): string | undefined {
    if (this.pods.get(name)!.holder !== undefined && !this.planted.noLease) return undefined;
    const of = [...this.rows.values()].filter(({ target }) => target.pod === name);
    const queue = of.filter((row) => row.name === 'Queued').sort((a, b) => this.before(a, b));
    const next = this.planted.noFifo ? queue.at(-1) : queue[0];
    const coming = of.some(
      (row) =>
        (row.name === 'Authenticating' || row.name === 'Resolving') &&
        row.submittedAt < (next?.submittedAt ?? ''),
    );
    return coming && !this.planted.noFifo ? undefined : next?.deploymentId;
  }

  private before(a: SagaState, b: SagaState): number {
    const begun = Number(this.begun.has(b.updateId)) - Number(this.begun.has(a.updateId));
    return begun || (a.submittedAt < b.submittedAt ? -1 : 1);
  }

  private checkTurn(next: SagaState): void {
    if (this.begun.has(next.updateId)) return;
    const older = [...this.rows.values()].find(
      ({ name, target, submittedAt }) =>
        name === 'Queued' && target.pod === next.target.pod && submittedAt < next.submittedAt,
    );
    promise(!older, `${next.deploymentId} is served before ${older?.deploymentId}`);
  }

  /** Sends what is committed and not sent yet. */
  relay(): void {
    this.publish(this.outbox);
    this.outbox = [];
  }

  private publish(rows: readonly OutboxRow[]): void {
    for (const row of rows) {
      if ('command' in row) this.published.command(row.id, row.command);
      else this.published.changed(row.id, row.changed);
    }
  }
}
