import type { EntityManager } from 'typeorm';
import { envelop } from '@podway/contracts';
import { routed } from '@podway/messaging';
import { isTerminal, sagaTable, type Moved, type SagaState } from '@podway/pipeline';
import { traceparentWithin } from '@podway/telemetry';
import type { DeploymentEntity } from '../entities/index.js';
import { appendEvents } from '../outbox/event-log.js';
import { addToOutbox } from '../outbox/outbox.js';
import { applyEffects } from './effects.js';
import { beginGroup } from './update-groups.js';

const SOURCE = 'saga-coordinator';

/** The POD that a deployment is for: the resolved one, until then the one that was named. */
export function podOf(state: SagaState): string {
  return state.pod ?? state.target.pod;
}

/** Saves a decision: state, event log, outbox and effects, all in the caller's transaction. */
export async function saveMove(
  manager: EntityManager,
  move: Moved,
  traceparent: string,
  now: Date,
): Promise<void> {
  const { state } = move;
  await saveState(manager, state, traceparent, now);
  if (move.changed && move.changed.from === undefined) await beginGroup(manager, state);
  const client = state.client ?? state.publisher.client;
  const within = traceparentWithin(traceparent);
  const subject = `${client}/${podOf(state)}`;
  const events = [move.publish, move.changed]
    .filter((payload) => payload !== undefined)
    .map((payload) =>
      envelop(payload, {
        ...{ source: SOURCE, traceparent: within, subject },
        ...{ deploymentId: state.deploymentId, time: now },
      }),
    );
  await appendEvents(manager, events, { client, pod: podOf(state) });
  const commands = move.commands.map((command) =>
    routed(envelop(command, { source: SOURCE, traceparent: within, subject, time: now })),
  );
  await addToOutbox(manager, 'coordinator', commands);
  await applyEffects(manager, move, now);
}

async function saveState(
  manager: EntityManager,
  state: SagaState,
  traceparent: string,
  now: Date,
): Promise<void> {
  await manager.query(
    `insert into coordinator.deployments as d
       (id, update_id, client, pod, state, data, leased, deadline, traceparent, submitted_at, updated_at, finished_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (id) do update set client = $3, pod = $4, state = $5, data = $6, leased = $7, deadline = $8,
       version = d.version + 1, updated_at = $11, finished_at = $12`,
    [
      state.deploymentId,
      state.updateId,
      state.client ?? state.publisher.client,
      state.pod ?? null,
      state.name,
      JSON.stringify(state),
      sagaTable[state.name].lease,
      state.deadline ?? null,
      traceparent,
      state.submittedAt,
      now,
      isTerminal(state.name) ? now : null,
    ],
  );
}

/** The saga's state in a row. */
export function stateOf(row: DeploymentEntity): SagaState {
  return row.data as unknown as SagaState;
}
