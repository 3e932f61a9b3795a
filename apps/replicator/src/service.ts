import { ReplicateRelease } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Replicating } from './replicating.js';

/** FIG. 2, 216. */
export const service = defineWorker({
  name: 'replicator',
  steps: ({ servers, driver, balancer, deployments }) => [
    handles(ReplicateRelease, new Replicating(servers, driver, balancer, deployments), { prefetch: 4 }),
  ],
});
