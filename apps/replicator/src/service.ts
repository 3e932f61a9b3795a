import { ReplicateRelease } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Replicating } from './replicating.js';

/** FIG. 2, 216. */
export const service = defineWorker({
  name: 'replicator',
  steps: (parts) => [handles(ReplicateRelease, new Replicating(parts), { prefetch: 4 })],
});
