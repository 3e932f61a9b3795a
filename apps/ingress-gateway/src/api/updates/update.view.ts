import type { UpdateView } from '@podway/contracts';
import type { UpdateEntity } from '@podway/persistence';

export function updateView([first, ...others]: readonly [UpdateEntity, ...UpdateEntity[]]): UpdateView {
  return {
    id: first.id,
    deploymentId: first.deploymentId,
    client: first.client,
    pod: first.pod,
    deployments: [first, ...others].map(({ deploymentId, pod }) => ({ id: deploymentId, pod })),
    ...(first.mode === null ? {} : { mode: first.mode }),
    ...(first.resource === null ? {} : { resource: first.resource }),
    source: first.source,
    ...(first.label === null ? {} : { label: first.label }),
    ...(first.sequence === null ? {} : { sequence: first.sequence }),
    ...(first.statement === null ? {} : { signedBy: first.statement.signatures.map(({ keyid }) => keyid) }),
    submittedAt: first.createdAt.toISOString(),
  };
}
