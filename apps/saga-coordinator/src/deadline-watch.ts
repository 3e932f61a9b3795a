import type { Logger } from 'pino';
import { Relay } from '@podway/persistence';
import type { Saga } from './saga.js';

/** Looks for deadlines that have passed, all the time. Several coordinators may: each row is looked at again under its lock. */
export class DeadlineWatch extends Relay {
  constructor(saga: Saga, pollMs: number, logger: Logger) {
    super(
      async () => {
        await saga.expire();
        return false;
      },
      (error) => logger.warn({ err: error }, 'deadlines could not be looked at'),
      pollMs,
    );
  }
}
