import { InstallUpdate } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Installing } from './installing.js';

/** FIG. 2, 212. Scales out on its own: any number of agents take from the same queue. */
export const service = defineWorker({
  name: 'installer-agent',
  steps: ({ servers, driver, updates, artifacts, balancer }) => [
    handles(InstallUpdate, new Installing(servers, driver, updates, artifacts, balancer), { prefetch: 4 }),
  ],
});
