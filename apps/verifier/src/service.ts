import { ConfirmPod, VerifyServer } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Confirming } from './confirming.js';
import { Verifying } from './verifying.js';

/** FIG. 2, 214, and the proof at the end of 216 and 218. */
export const service = defineWorker({
  name: 'verifier',
  steps: ({ servers, driver, balancer, updates }) => [
    handles(VerifyServer, new Verifying(servers, driver, updates), { prefetch: 8 }),
    handles(ConfirmPod, new Confirming(servers, driver, balancer, updates), { prefetch: 8 }),
  ],
});
