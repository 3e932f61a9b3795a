import {
  DeploymentChanged,
  messageOf,
  PodConfirmed,
  PodDiverged,
  ReleaseReplicated,
  ReplicationFailed,
  RestoreFailed,
  SnapshotRestored,
  UpdateInstalled,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  type DeploymentDetailView,
  type DeploymentServerView,
  type Envelope,
  type ProbeEvidence,
  type ServerOutcome,
  type StageView,
  type WaitingView,
} from '@podway/contracts';
import type { DeploymentEntity, UpdateEntity } from '@podway/persistence';
import type { SagaState } from '@podway/pipeline';
import { deploymentView, sagaOf, submittedView } from './deployment.view.js';

const changed = messageOf(DeploymentChanged).type;
const withEvidence = [
  VerificationPassed,
  VerificationFailed,
  VerificationInconclusive,
  PodConfirmed,
  PodDiverged,
].map((payload) => messageOf<object>(payload).type);

const installed = messageOf(UpdateInstalled).type;
const withServers = [
  ReleaseReplicated,
  ReplicationFailed,
  PodConfirmed,
  PodDiverged,
  SnapshotRestored,
  RestoreFailed,
].map((payload) => messageOf<object>(payload).type);

/** `web2` before `web10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** Types of the events that the details are made from. */
export const detailEventTypes: readonly string[] = [
  ...new Set([changed, installed, ...withEvidence, ...withServers]),
];

/** Stages and evidence come from the event log, all else from the saga's state. */
export function deploymentDetail(
  deployment: DeploymentEntity,
  history: readonly Envelope[],
  waiting?: WaitingView,
): DeploymentDetailView {
  const saga = sagaOf(deployment);
  return {
    ...deploymentView(deployment),
    ...(waiting === undefined ? {} : { waiting }),
    ...(saga.group === undefined ? {} : { group: { ...saga.group } }),
    ...approvalOf(saga),
    stages: stagesOf(history),
    ...(saga.canary === undefined ? {} : { canary: saga.canary }),
    servers: serversOf(saga, history),
    quarantined: [...saga.quarantined],
    ...(saga.snapshot === undefined ? {} : { snapshot: saga.snapshot }),
    ...(saga.fingerprint === undefined ? {} : { fingerprint: saga.fingerprint }),
    ...(saga.rollbackFailure === undefined ? {} : { rollbackFailure: saga.rollbackFailure }),
    evidence: evidenceOf(history),
  };
}

function approvalOf({
  name,
  enteredAt,
  approvalTimeoutMs,
  approvedBy,
}: SagaState): Partial<DeploymentDetailView> {
  if (approvedBy !== undefined) return { approvedBy };
  if (name !== 'AwaitingApproval' || approvalTimeoutMs === undefined) return {};
  return { approvalUntil: new Date(Date.parse(enteredAt) + approvalTimeoutMs).toISOString() };
}

/** As {@link deploymentDetail}, before the coordinator has taken it up. */
export function submittedDetail(update: UpdateEntity): DeploymentDetailView {
  return { ...submittedView(update), stages: [], servers: [], quarantined: [], evidence: [] };
}

/**
 * The last thing that was done to each server, the canary's first. A look that found a server as it should be does not hide what was
 * done to it before.
 */
function serversOf(saga: SagaState, history: readonly Envelope[]): DeploymentServerView[] {
  const servers = new Map<string, ServerOutcome>();
  for (const told of [...history.map((event) => serversTold(event, saga)), saga.servers].flat()) {
    const before = servers.get(told.name);
    const result = told.result === 'unchanged' && before ? before.result : told.result;
    servers.set(told.name, { ...told, result });
  }
  return [...servers.values()]
    .map((server) => ({ ...server, canary: server.name === saga.canary }))
    .sort((a, b) => Number(b.canary) - Number(a.canary) || byName.compare(a.name, b.name));
}

function serversTold({ type, data }: Envelope, { canary }: SagaState): readonly ServerOutcome[] {
  if (withServers.includes(type)) return (data as { servers?: ServerOutcome[] }).servers ?? [];
  if (type !== installed || canary === undefined) return [];
  return [{ name: canary, result: 'switched', fingerprint: (data as UpdateInstalled).fingerprint }];
}

function stagesOf(history: readonly Envelope[]): StageView[] {
  const changes = history.filter((event) => event.type === changed);
  return changes.map((event, index) => {
    const { to, cause, detail } = event.data as DeploymentChanged;
    const endedAt = changes[index + 1]?.time;
    return {
      state: to,
      startedAt: event.time,
      ...(endedAt === undefined
        ? {}
        : { endedAt, durationMs: Math.max(0, Date.parse(endedAt) - Date.parse(event.time)) }),
      cause,
      ...(detail === undefined ? {} : { detail }),
    };
  });
}

function evidenceOf(history: readonly Envelope[]): ProbeEvidence[] {
  return history
    .filter((event) => withEvidence.includes(event.type))
    .flatMap((event) => (event.data as { evidence?: ProbeEvidence[] }).evidence ?? []);
}
