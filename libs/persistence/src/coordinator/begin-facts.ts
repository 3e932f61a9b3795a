import type { EntityManager } from 'typeorm';
import type { PolicySpec } from '@podway/contracts';
import { waitOf, waitsFor, type BeginFacts, type GroupView, type SagaState } from '@podway/pipeline';
import { turnIn } from './pod-queue.js';
import { groupOf } from './update-groups.js';

/** The policy of the POD's entry that is in force. */
export async function policyOf(manager: EntityManager, pod: string): Promise<PolicySpec> {
  const [row]: { policy: PolicySpec | null }[] = await manager.query(
    `select r.spec->'policy' as policy from inventory.pods p
       join inventory.pod_revisions r on r.pod = p.name and r.revision = p.revision where p.name = $1`,
    [pod],
  );
  return row?.policy ?? {};
}

/** What decides whether a deployment whose turn it is may begin. */
export async function beginFacts(
  manager: EntityManager,
  pod: string,
  { group, updateId, urgent }: SagaState,
): Promise<BeginFacts> {
  const facts = { ...(await podFacts(manager, pod)), ...(urgent === true ? { urgent } : {}) };
  const view = group && (await groupOf(manager, updateId));
  if (!view || !group) return facts;
  const turns = await turnsOf(manager, view, urgent === true);
  const before = waitsFor(view, group.position, (name) => turns.get(name));
  return { ...facts, ...(before === undefined ? {} : { waitsFor: before }) };
}

/** What holds up everybody in the POD. */
async function podFacts(manager: EntityManager, pod: string): Promise<BeginFacts> {
  const [pause]: { reason: string | null }[] = await manager.query(
    'select reason from ingress.pod_pauses where pod = $1',
    [pod],
  );
  const { windows } = await policyOf(manager, pod);
  return {
    ...(pause ? { paused: pause.reason === null ? {} : { reason: pause.reason } } : {}),
    ...(windows ? { windows } : {}),
  };
}

/** Whose turn it is in each POD of the update, where one may begin now. */
async function turnsOf(
  manager: EntityManager,
  { mode, begun, members }: GroupView,
  urgent: boolean,
): Promise<Map<string, string>> {
  const turns = new Map<string, string>();
  if (mode !== 'all-or-nothing' || begun) return turns;
  // One such update begins at a time: what it has seen free is free until it is noted.
  await manager.query(`select pg_advisory_xact_lock(hashtextextended('podway.update-groups', 0))`);
  for (const { pod } of members) {
    const open = !waitOf({ ...(await podFacts(manager, pod)), urgent }, new Date());
    const turn = open ? await turnIn(manager, pod) : undefined;
    if (turn !== undefined) turns.set(pod, turn);
  }
  return turns;
}
