import type { UpdateView } from '@podway/contracts';
import type { UpdateEntity } from '@podway/persistence';

export function updateView(update: UpdateEntity): UpdateView {
  return {
    id: update.id,
    deploymentId: update.deploymentId,
    client: update.client,
    pod: update.pod,
    source: update.source,
    ...(update.label === null ? {} : { label: update.label }),
    submittedAt: update.createdAt.toISOString(),
  };
}
