import type { DeploymentView, UpdateSource } from '@podway/contracts';
import type { DeploymentEntity, UpdateEntity } from '@podway/persistence';
import type { SagaState } from '@podway/pipeline';

/** The saga's state as the coordinator saved it. */
export function sagaOf(deployment: DeploymentEntity): SagaState {
  return deployment.data as unknown as SagaState;
}

export function deploymentView(deployment: DeploymentEntity): DeploymentView {
  const saga = sagaOf(deployment);
  return {
    id: deployment.id,
    updateId: deployment.updateId,
    client: deployment.client,
    pod: deployment.pod ?? saga.target.pod,
    state: deployment.state,
    source: saga.source as UpdateSource,
    ...(saga.label === undefined ? {} : { label: saga.label }),
    publisher: saga.publisher.key,
    ...(saga.release === undefined ? {} : { release: saga.release }),
    ...(saga.failure === undefined ? {} : { failure: saga.failure }),
    submittedAt: deployment.submittedAt.toISOString(),
    updatedAt: deployment.updatedAt.toISOString(),
    ...(deployment.finishedAt ? { finishedAt: deployment.finishedAt.toISOString() } : {}),
  };
}

/** A deployment that the coordinator has not taken up yet: known from its update alone. */
export function submittedView(update: UpdateEntity): DeploymentView {
  const at = update.createdAt.toISOString();
  return {
    id: update.deploymentId,
    updateId: update.id,
    client: update.client,
    pod: update.pod,
    state: 'Submitted',
    source: update.source,
    ...(update.label === null ? {} : { label: update.label }),
    publisher: update.keyId,
    submittedAt: at,
    updatedAt: at,
  };
}
