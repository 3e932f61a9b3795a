import type { DataSource, EntityManager } from 'typeorm';
import type { Logger } from 'pino';
import { UpdateSubmitted, type Envelope } from '@podway/contracts';
import {
  begin,
  decide,
  nameOf,
  sagaTable,
  type Moved,
  type SagaInput,
  type SagaLimits,
  type SagaState,
} from '@podway/pipeline';
import { claimInInbox, type DeploymentEntity } from '@podway/persistence';
import { EarlyMessageError } from './coordinator.errors.js';
import { lockDeployment, lockPod, nextInQueue, saveCounters, type PodCounters } from './pod-queue.js';
import { podOf, saveMove, stateOf } from './saga-writer.js';

/** Told after a commit that messages and events wait to be sent. */
export type AfterCommit = () => void;

/**
 * Takes messages to decisions and decisions to the database. Each message is one transaction: inbox, POD lock,
 * row, decision, event log, outbox, effects, and the next deployment's turn. Nothing is sent before the commit.
 */
export class Saga {
  constructor(
    private readonly dataSource: DataSource,
    private readonly limits: SagaLimits,
    private readonly afterCommit: AfterCommit,
    private readonly logger: Logger,
  ) {}

  /** @throws EarlyMessageError for what has to come again later. */
  async receive(envelope: Envelope, message: Exclude<SagaInput, { kind: string }>): Promise<void> {
    const committed = await this.dataSource.transaction(async (manager) => {
      if (!(await claimInInbox(manager, envelope.id))) return false;
      if (message instanceof UpdateSubmitted) return this.submitted(manager, message, envelope.traceparent);
      return this.tell(manager, message.deploymentId, message);
    });
    if (committed) this.afterCommit();
  }

  /** Tells every deployment whose deadline has passed. Returns how many there were. */
  async expire(limit = 50): Promise<number> {
    const due: { id: string }[] = await this.dataSource.query(
      'select id from coordinator.deployments where deadline <= now() order by deadline limit $1',
      [limit],
    );
    for (const { id } of due) {
      const moved = await this.dataSource.transaction((manager) =>
        this.tell(manager, id, { kind: 'Timeout' }),
      );
      if (moved) this.afterCommit();
    }
    return due.length;
  }

  private async submitted(
    manager: EntityManager,
    message: UpdateSubmitted,
    traceparent: string,
  ): Promise<boolean> {
    if (await lockDeployment(manager, message.deploymentId)) return false;
    const now = new Date();
    const move = begin(message, { now, limits: this.limits });
    await saveMove(manager, move, traceparent, now);
    this.log(move.state, 'UpdateSubmitted', move);
    return true;
  }

  private async tell(manager: EntityManager, id: string, input: SagaInput): Promise<boolean> {
    const pod = await this.podNamed(manager, id, input);
    const counters = await lockPod(manager, pod);
    const row = await lockDeployment(manager, id);
    if (!row) throw new EarlyMessageError(`Deployment ${id} is not known yet`, id);
    const moved = await this.advance(manager, row, input, counters);
    if (!moved) return false;
    // Whenever one does not hold the POD (any more), it may be another's turn.
    if (moved.changed && !sagaTable[moved.state.name].lease) await this.leaseNext(manager, pod, counters);
    return true;
  }

  private async podNamed(manager: EntityManager, id: string, input: SagaInput): Promise<string> {
    const [row]: { pod: string }[] = await manager.query(
      `select coalesce(pod, data->'target'->>'pod') as pod from coordinator.deployments where id = $1`,
      [id],
    );
    if (row) return row.pod;
    throw new EarlyMessageError(`${nameOf(input)} names deployment ${id}, which is not known yet`, id);
  }

  private async leaseNext(manager: EntityManager, pod: string, counters: PodCounters): Promise<void> {
    const next = await nextInQueue(manager, pod);
    if (next) await this.advance(manager, next, { kind: 'PodLeased' }, counters);
  }

  private async advance(
    manager: EntityManager,
    row: DeploymentEntity,
    input: SagaInput,
    counters: PodCounters,
  ): Promise<Moved | undefined> {
    const now = new Date();
    const before = stateOf(row);
    const fencingToken = counters.fencingToken + 1;
    const release = counters.releaseNumber + 1;
    const decision = decide(before, input, { now, fencingToken, release, limits: this.limits });
    if (decision.kind === 'deferred') throw new EarlyMessageError(decision.reason, row.id);
    if (decision.kind === 'ignored') {
      this.logger.debug({ deploymentId: row.id, reason: decision.reason }, 'ignored');
      return undefined;
    }
    if (decision.state.fencingToken === fencingToken) counters.fencingToken = fencingToken;
    if (decision.effects.recordRelease) counters.releaseNumber = decision.effects.recordRelease.number;
    await saveMove(manager, decision, row.traceparent, now);
    await saveCounters(manager, podOf(decision.state), counters);
    this.log(before, nameOf(input), decision);
    return decision;
  }

  private log(before: SagaState, cause: string, { state, changed, effects }: Moved): void {
    if (!changed) return;
    const record = {
      deploymentId: state.deploymentId,
      pod: podOf(state),
      from: changed.from,
      to: changed.to,
      cause,
    };
    if (effects.callOperator)
      this.logger.error(
        { ...record, failure: state.rollbackFailure },
        'roll-back failed: an operator is needed',
      );
    else
      this.logger.info(
        { ...record, ...(changed.detail ? { detail: changed.detail } : {}) },
        'deployment changed',
      );
  }
}
