import { ProposeCanary, ResolvePod, SelectCanary } from '@podway/contracts';
import { defineWorker, handles, looks } from '@podway/service-kit';
import { ProposingCanary } from './proposing-canary.js';
import { Resolving } from './resolving.js';
import { SelectingCanary } from './selecting-canary.js';

/** FIG. 2, 208. */
export const service = defineWorker({
  name: 'pod-resolver',
  steps: ({ inventory, resources, deployments, servers, driver, balancer, comparisons }) => [
    handles(ResolvePod, new Resolving(inventory, resources), { prefetch: 16 }),
    handles(SelectCanary, new SelectingCanary(inventory, deployments, servers, driver, balancer), {
      prefetch: 8,
    }),
    looks(ProposeCanary, new ProposingCanary(deployments, servers, driver, balancer, comparisons), {
      prefetch: 4,
    }),
  ],
});
