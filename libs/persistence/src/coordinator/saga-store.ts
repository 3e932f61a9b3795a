import type { DataSource, EntityManager } from 'typeorm';
import { childTraceparent, UpdateSubmitted, validated, type UpdateMode } from '@podway/contracts';
import type { BeginFacts, GroupView, Moved, SagaState } from '@podway/pipeline';
import { claimInInbox, pruneInbox } from '../outbox/inbox.js';
import { beginFacts, policyOf } from './begin-facts.js';
import {
  lockDeployment,
  lockPod,
  lockQueue,
  nextInQueue,
  saveCounters,
  type PodCounters,
} from './pod-queue.js';
import { advanceGroup, markBegun, openGroups } from './update-groups.js';
import { saveMove, stateOf } from './saga-writer.js';
import type { DeploymentEntity } from '../entities/index.js';

/** A deployment whose row is locked. */
export interface StoredDeployment {
  readonly state: SagaState;
  /** Trace of the update that began it. */
  readonly traceparent: string;
}

/** What the coordinator reads and writes for one message: all of it, or nothing. */
export interface SagaTransaction {
  /** True for the first sight of a message id. */
  claim(messageId: string): Promise<boolean>;
  /** The POD that a deployment is for, or undefined for a deployment that is not known. Takes no lock. */
  podOf(deploymentId: string): Promise<string | undefined>;
  /** Orders everything that happens to a POD. Always taken before a deployment's row. */
  lockPod(pod: string): Promise<PodCounters>;
  lockDeployment(id: string): Promise<StoredDeployment | undefined>;
  /** The deployment whose turn it is. Needs the POD's lock. */
  nextInQueue(pod: string): Promise<StoredDeployment | undefined>;
  /** What decides whether a deployment whose turn it is may begin. */
  beginFacts(pod: string, state: SagaState): Promise<BeginFacts>;
  /** Notes that an update of several PODs has begun: those of its deployments that wait go first. */
  markBegun(updateId: string): Promise<void>;
  /** What is to become of those that wait when a newer update comes. */
  supersedePolicy(pod: string): Promise<'none' | 'latest'>;
  /** All that wait for the POD, oldest first. Needs the POD's lock. */
  queue(pod: string): Promise<StoredDeployment[]>;
  /** Saves state, events, commands and effects of a decision. */
  save(move: Moved, traceparent: string, now: Date): Promise<void>;
  saveCounters(pod: string, counters: PodCounters): Promise<void>;
}

/** The coordinator's own data. */
export class SagaStore {
  constructor(private readonly dataSource: DataSource) {}

  transaction<T>(run: (transaction: SagaTransaction) => Promise<T>): Promise<T> {
    return this.dataSource.transaction((manager) => run(transactionOn(manager)));
  }

  /** Ids of deployments whose deadline has passed, longest overdue first. */
  async due(limit: number): Promise<string[]> {
    const rows: { id: string }[] = await this.dataSource.query(
      'select id from coordinator.deployments where deadline <= now() order by deadline limit $1',
      [limit],
    );
    return rows.map((row) => row.id);
  }

  /**
   * Accepted updates, older than `olderThanMs`, that no deployment was begun for: their message was lost or
   * dead-lettered. An accepted update is a promise, so the coordinator begins them from the record.
   */
  async unbegun(
    olderThanMs: number,
    limit: number,
  ): Promise<{ submitted: UpdateSubmitted; traceparent: string }[]> {
    const rows: UpdateRow[] = await this.dataSource.query(
      `select u.id, u.deployment_id, u.client, u.key_id, u.pod, u.source, u.label, u.reason, u.statement, u.created_at, u.position, u.size, u.mode,
              u.resource, u.urgent
         from ingress.updates u left join coordinator.deployments d on d.id = u.deployment_id
        where d.id is null and u.created_at < now() - $1 * interval '1 millisecond'
        order by u.created_at, u.id limit $2`,
      [olderThanMs, limit],
    );
    return rows.map((row) => ({ submitted: submittedOf(row), traceparent: childTraceparent() }));
  }

  /** PODs in whose queue somebody waits although nobody holds the POD. */
  async waitingPods(limit: number): Promise<string[]> {
    const rows: { pod: string }[] = await this.dataSource.query(
      `select distinct pod from coordinator.deployments d
        where state = 'Queued' and not exists (select 1 from coordinator.deployments l where l.pod = d.pod and l.leased)
        order by pod limit $1`,
      [limit],
    );
    return rows.map(({ pod }) => pod);
  }

  /** Ids of updates of several PODs that are under way. */
  openGroups(limit: number): Promise<string[]> {
    return openGroups(this.dataSource.manager, limit);
  }

  /** Takes such an update as far as its deployments are, and tells how far that is. */
  advanceGroup(id: string): Promise<GroupView | undefined> {
    return this.dataSource.transaction((manager) => advanceGroup(manager, id));
  }

  /** Forgets messages that no broker will deliver any more. */
  pruneInbox(olderThanDays: number): Promise<void> {
    return pruneInbox(this.dataSource.manager, olderThanDays);
  }
}

interface UpdateRow {
  id: string;
  deployment_id: string;
  client: string;
  key_id: string;
  pod: string;
  source: object;
  label: string | null;
  reason: string | null;
  statement: object | null;
  created_at: Date;
  position: number;
  size: number;
  mode: UpdateMode | null;
  resource: string | null;
  urgent: boolean;
}

function submittedOf(row: UpdateRow): UpdateSubmitted {
  return validated(UpdateSubmitted, {
    updateId: row.id,
    deploymentId: row.deployment_id,
    publisher: { key: row.key_id, client: row.client },
    source: row.source,
    target: { pod: row.pod, resource: row.resource ?? undefined },
    label: row.label ?? undefined,
    reason: row.reason ?? undefined,
    ...(row.mode === null ? {} : { group: { mode: row.mode, size: row.size, position: row.position } }),
    ...(row.urgent ? { urgent: true } : {}),
    statement: row.statement ?? undefined,
    submittedAt: row.created_at.toISOString(),
  });
}

function transactionOn(manager: EntityManager): SagaTransaction {
  return {
    claim: (messageId) => claimInInbox(manager, messageId),
    podOf: async (deploymentId) => {
      const [row]: { pod: string }[] = await manager.query(
        `select coalesce(pod, data->'target'->>'pod') as pod from coordinator.deployments where id = $1`,
        [deploymentId],
      );
      return row?.pod;
    },
    lockPod: (pod) => lockPod(manager, pod),
    lockDeployment: async (id) => stored(await lockDeployment(manager, id)),
    nextInQueue: async (pod) => stored(await nextInQueue(manager, pod)),
    beginFacts: (pod, state) => beginFacts(manager, pod, state),
    markBegun: (updateId) => markBegun(manager, updateId),
    supersedePolicy: async (pod) => (await policyOf(manager, pod)).queue?.supersede ?? 'none',
    queue: async (pod) => (await lockQueue(manager, pod)).flatMap((row) => stored(row) ?? []),
    save: (move, traceparent, now) => saveMove(manager, move, traceparent, now),
    saveCounters: (pod, counters) => saveCounters(manager, pod, counters),
  };
}

function stored(row: DeploymentEntity | null): StoredDeployment | undefined {
  return row ? { state: stateOf(row), traceparent: row.traceparent } : undefined;
}
