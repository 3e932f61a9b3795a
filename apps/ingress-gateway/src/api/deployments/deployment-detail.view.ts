import {
  DeploymentChanged,
  messageOf,
  PodConfirmed,
  PodDiverged,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  type DeploymentDetailView,
  type Envelope,
  type ProbeEvidence,
  type StageView,
} from '@podway/contracts';
import type { DeploymentEntity, UpdateEntity } from '@podway/persistence';
import { deploymentView, sagaOf, submittedView } from './deployment.view.js';

const changed = messageOf(DeploymentChanged).type;
const withEvidence = [
  VerificationPassed,
  VerificationFailed,
  VerificationInconclusive,
  PodConfirmed,
  PodDiverged,
].map((payload) => messageOf<object>(payload).type);

/** Types of the events that the details are made from. */
export const detailEventTypes: readonly string[] = [changed, ...withEvidence];

/** Stages and evidence come from the event log, all else from the saga's state. */
export function deploymentDetail(
  deployment: DeploymentEntity,
  history: readonly Envelope[],
): DeploymentDetailView {
  const saga = sagaOf(deployment);
  return {
    ...deploymentView(deployment),
    stages: stagesOf(history),
    ...(saga.canary === undefined ? {} : { canary: saga.canary }),
    servers: saga.servers.map((server) => ({ ...server, canary: server.name === saga.canary })),
    quarantined: [...saga.quarantined],
    ...(saga.snapshot === undefined ? {} : { snapshot: saga.snapshot }),
    ...(saga.fingerprint === undefined ? {} : { fingerprint: saga.fingerprint }),
    ...(saga.rollbackFailure === undefined ? {} : { rollbackFailure: saga.rollbackFailure }),
    evidence: evidenceOf(history),
  };
}

/** As {@link deploymentDetail}, before the coordinator has taken it up. */
export function submittedDetail(update: UpdateEntity): DeploymentDetailView {
  return { ...submittedView(update), stages: [], servers: [], quarantined: [], evidence: [] };
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
