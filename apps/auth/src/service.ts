import { AuthenticateUpdate } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Authentication } from './authentication.js';
import { SignatureCheck } from './signature-check.js';

/** FIG. 2, 206. */
export const service = defineWorker({
  name: 'auth',
  steps: ({ publishers, inventory, artifacts, updates, signingKeys, settings }) => {
    const signatures = new SignatureCheck(signingKeys, updates, settings.signatureMaxLifetimeMs);
    const work = new Authentication(publishers, inventory, updates, artifacts, signatures);
    return [handles(AuthenticateUpdate, work, { prefetch: 8 })];
  },
});
