import { HoldCanary, RestoreSnapshot, TakeSnapshot } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Holding } from './holding.js';
import { RollingBack } from './rolling-back.js';
import { Snapshotting } from './snapshotting.js';

/** FIG. 2, 210 and 218. */
export const service = defineWorker({
  name: 'snapshotter',
  steps: ({ servers, driver, balancer, logger }) => [
    handles(TakeSnapshot, new Snapshotting(servers, driver, balancer, logger), { prefetch: 8 }),
    handles(HoldCanary, new Holding(servers, driver), { prefetch: 16 }),
    handles(RestoreSnapshot, new RollingBack(servers, driver, balancer), { prefetch: 8 }),
  ],
});
