import type { Logger } from 'pino';
import { OWN_PUBLISHER, RetryRequested, UpdateSubmitted, type Envelope } from '@podway/contracts';
import {
  begin,
  decide,
  nameOf,
  sagaTable,
  waitOf,
  wordFor,
  type GroupMember,
  type Moved,
  type SagaInput,
  type SagaLimits,
} from '@podway/pipeline';
import type { PodCounters, SagaStore, SagaTransaction, StoredDeployment } from '@podway/persistence';
import type { CommittedMoves } from './committed-moves.js';
import { EarlyMessageError } from './coordinator.errors.js';

/** What others tell the coordinator. */
export type ToldInput = Exclude<SagaInput, { kind: string }> | RetryRequested;

/**
 * Takes messages to decisions and decisions to the database. Each message is one transaction: inbox, POD lock,
 * row, decision, event log, outbox, effects, and the next deployment's turn. Nothing is sent before the commit.
 */
export class Saga {
  constructor(
    private readonly store: SagaStore,
    /** Where transactions are run. */
    private readonly moves: CommittedMoves,
    private readonly limits: SagaLimits,
    /** Called after a commit: messages and events wait to be sent. */
    private readonly committed: () => void,
    private readonly logger: Logger,
  ) {}

  /** @throws EarlyMessageError for what has to come again later. */
  async receive(envelope: Envelope, message: ToldInput): Promise<void> {
    const moved = await this.moves.transaction(async (transaction) => {
      if (!(await transaction.claim(envelope.id))) return false;
      if (message instanceof UpdateSubmitted)
        return this.submitted(transaction, message, envelope.traceparent);
      const input: SagaInput = message instanceof RetryRequested ? retry(message) : message;
      return this.tell(transaction, message.deploymentId, input);
    });
    if (moved) this.committed();
  }

  /** Tells every deployment whose deadline has passed. */
  async expire(limit = 50): Promise<void> {
    for (const id of await this.store.due(limit)) {
      const moved = await this.moves.transaction((transaction) =>
        this.tell(transaction, id, { kind: 'Timeout' }),
      );
      if (moved) this.committed();
    }
  }

  /** Looks whether somebody who waited may begin now: a window has opened, a POD was resumed. */
  async dispatch(limit = 1_000): Promise<void> {
    for (const pod of await this.store.waitingPods(limit)) {
      const leased = await this.moves.transaction(async (transaction) =>
        this.lease(transaction, pod, await transaction.lockPod(pod)),
      );
      if (leased) this.committed();
    }
  }

  /** Takes updates of several PODs on: what all their deployments together have come to is told to each. */
  async advanceGroups(limit = 1_000): Promise<void> {
    for (const id of await this.store.openGroups(limit)) {
      const group = await this.store.advanceGroup(id);
      for (const member of group?.members ?? []) {
        const word = group && wordFor(group, member);
        if (word) await this.tellMember(member, word);
      }
    }
  }

  private async tellMember({ deploymentId }: GroupMember, word: SagaInput): Promise<void> {
    const moved = await this.moves.transaction((transaction) => this.tell(transaction, deploymentId, word));
    if (moved) this.committed();
  }

  /** Begins accepted updates whose message never came. */
  async beginForgotten(olderThanMs: number, limit = 50): Promise<void> {
    for (const { submitted, traceparent } of await this.store.unbegun(olderThanMs, limit)) {
      const begun = await this.moves.transaction((transaction) =>
        this.submitted(transaction, submitted, traceparent),
      );
      if (!begun) continue;
      this.logger.warn(
        { deploymentId: submitted.deploymentId },
        'the message of an accepted update was lost; begun from its record',
      );
      this.committed();
    }
  }

  private async submitted(
    transaction: SagaTransaction,
    message: UpdateSubmitted,
    traceparent: string,
  ): Promise<boolean> {
    if (await transaction.lockDeployment(message.deploymentId)) return false;
    const now = new Date();
    const move = begin(message, { now, limits: this.limits });
    await transaction.save(move, traceparent, now);
    this.log(move);
    return true;
  }

  private async tell(transaction: SagaTransaction, id: string, input: SagaInput): Promise<boolean> {
    const pod = await transaction.podOf(id);
    if (pod === undefined)
      throw new EarlyMessageError(`${nameOf(input)} names a deployment that is not known yet`, id);
    const counters = await transaction.lockPod(pod);
    const deployment = await transaction.lockDeployment(id);
    const move = deployment && (await this.advance(transaction, deployment, input, pod, counters));
    if (!move) return false;
    if (move.changed?.to === 'Queued') await this.supersede(transaction, pod, counters);
    // Whenever one does not hold the POD (any more), it may be another's turn.
    if (move.changed && !sagaTable[move.state.name].lease) await this.lease(transaction, pod, counters);
    return true;
  }

  /** Gives the POD to the first in its queue, unless nothing may begin now. */
  private async lease(transaction: SagaTransaction, pod: string, counters: PodCounters): Promise<boolean> {
    const next = await transaction.nextInQueue(pod);
    if (!next || waitOf(await transaction.beginFacts(pod, next.state), new Date())) return false;
    if (next.state.group?.mode === 'all-or-nothing') await transaction.markBegun(next.state.updateId);
    return (await this.advance(transaction, next, { kind: 'PodLeased' }, pod, counters)) !== undefined;
  }

  /**
   * Where the POD wants it so, only the newest of those that wait stays. One of an update of several PODs is not alone.
   * Podway's own, which heals servers, takes nobody's place: whatever comes heals them too.
   */
  private async supersede(transaction: SagaTransaction, pod: string, counters: PodCounters): Promise<void> {
    if ((await transaction.supersedePolicy(pod)) === 'none') return;
    const waiting = await transaction.queue(pod);
    const by = waiting.findLast(({ state }) => state.publisher.key !== OWN_PUBLISHER)?.state.deploymentId;
    for (const older of waiting) {
      const { group, deploymentId } = older.state;
      if (by === undefined || deploymentId === by || (group && group.mode !== 'together')) continue;
      await this.advance(transaction, older, { kind: 'Superseded', by }, pod, counters);
    }
  }

  private async advance(
    transaction: SagaTransaction,
    { state, traceparent }: StoredDeployment,
    input: SagaInput,
    pod: string,
    counters: PodCounters,
  ): Promise<Moved | undefined> {
    const now = new Date();
    const fencingToken = counters.fencingToken + 1;
    const release = counters.releaseNumber + 1;
    const decision = decide(state, input, { now, fencingToken, release, limits: this.limits });
    if (decision.kind === 'deferred') throw new EarlyMessageError(decision.reason, state.deploymentId);
    if (decision.kind === 'ignored') {
      this.logger.debug({ deploymentId: state.deploymentId, reason: decision.reason }, 'ignored');
      return undefined;
    }
    if (decision.state.fencingToken === fencingToken) counters.fencingToken = fencingToken;
    if (decision.effects.recordRelease) counters.releaseNumber = decision.effects.recordRelease.number;
    await transaction.save(decision, traceparent, now);
    await transaction.saveCounters(pod, counters);
    this.log(decision);
    return decision;
  }

  private log({ state, changed, effects }: Moved): void {
    if (!changed) return;
    const { deploymentId, from, to, cause, detail } = changed;
    const record = { deploymentId, pod: state.pod ?? state.target.pod, from, to, cause, detail };
    if (effects.callOperator) this.logger.error(record, 'the roll-back failed: an operator is needed');
    else this.logger.info(record, 'deployment changed');
  }
}

function retry({ by, acceptLoss }: RetryRequested): SagaInput {
  return { kind: 'RetryRequested', by, ...(acceptLoss === undefined ? {} : { acceptLoss }) };
}
