import { AuthenticateUpdate } from '@podway/contracts';
import { defineWorker, handles } from '@podway/service-kit';
import { Authentication } from './authentication.js';

/** FIG. 2, 206. */
export const service = defineWorker({
  name: 'auth',
  steps: ({ keys, inventory, artifacts }) => [
    handles(AuthenticateUpdate, new Authentication(keys, inventory, artifacts), { prefetch: 8 }),
  ],
});
