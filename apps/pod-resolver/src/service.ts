import { ResolvePod, SelectCanary } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Resolving } from './resolving.js';
import { SelectingCanary } from './selecting-canary.js';

/** FIG. 2, 208. */
export const service = defineWorker({
  name: 'pod-resolver',
  steps: ({ inventory, deployments, servers, driver, balancer }) => [
    handles(ResolvePod, new Resolving(inventory), { prefetch: 16 }),
    handles(SelectCanary, new SelectingCanary(inventory, deployments, servers, driver, balancer), {
      prefetch: 8,
    }),
  ],
});
