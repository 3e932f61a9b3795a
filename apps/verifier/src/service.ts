import { CheckPod, CompareReleases, ConfirmPod, DiagnosePod, VerifyServer } from '@podway/contracts';
import { defineWorker, handles, looks } from '@podway/service-kit';
import { Checking } from './checking.js';
import { Comparing } from './comparing.js';
import { Confirming } from './confirming.js';
import { Diagnosing } from './diagnosis/diagnosing.js';
import { Verifying } from './verifying.js';

/** FIG. 2, 214, and the proof at the end of 216 and 218; looks at servers between deployments. */
export const service = defineWorker({
  name: 'verifier',
  steps: ({ servers, driver, balancer, updates, inventory, comparisons }) => [
    handles(VerifyServer, new Verifying(servers, driver, balancer, updates), { prefetch: 8 }),
    handles(ConfirmPod, new Confirming(servers, driver, balancer, updates), { prefetch: 8 }),
    looks(CompareReleases, new Comparing(servers, driver, balancer, comparisons), { prefetch: 4 }),
    looks(DiagnosePod, new Diagnosing(servers, comparisons), { prefetch: 4 }),
    looks(CheckPod, new Checking(servers, driver, inventory), { prefetch: 4 }),
  ],
});
