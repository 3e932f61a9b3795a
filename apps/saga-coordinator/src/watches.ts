import type { Logger } from 'pino';
import { Relay } from '@podway/persistence';
import type { Drift } from './drift.js';
import type { Saga } from './saga.js';

/** An accepted update without a deployment after this time has lost its message. */
const FORGOTTEN_AFTER_MS = 60_000;
const FORGOTTEN_POLL_MS = 15_000;

/**
 * Looks for deadlines that have passed, all the time. Several coordinators may: each row is looked at again under
 * its lock.
 */
export function deadlineWatch(saga: Saga, pollMs: number, logger: Logger): Relay {
  return new Relay(
    async () => {
      await saga.expire();
      return false;
    },
    (error) => logger.warn({ err: error }, 'deadlines could not be looked at'),
    pollMs,
  );
}

/** Looks for deployments that may begin, and for updates of several PODs that may go on. Woken by each commit. */
export function turnWatch(saga: Saga, pollMs: number, logger: Logger): Relay {
  return new Relay(
    async () => {
      await saga.advanceGroups();
      await saga.dispatch();
      return false;
    },
    (error) => logger.warn({ err: error }, 'waiting deployments could not be looked at'),
    pollMs,
  );
}

/** Looks for accepted updates that no deployment was begun for. */
export function forgottenWatch(saga: Saga, logger: Logger): Relay {
  return new Relay(
    async () => {
      await saga.beginForgotten(FORGOTTEN_AFTER_MS);
      return false;
    },
    (error) => logger.warn({ err: error }, 'accepted updates could not be looked at'),
    FORGOTTEN_POLL_MS,
  );
}

/** Looks for PODs whose servers it is time to look at. */
export function driftWatch(drift: Drift, pollMs: number, logger: Logger): Relay {
  return new Relay(
    async () => {
      await drift.look();
      return false;
    },
    (error) => logger.warn({ err: error }, 'PODs could not be looked at'),
    pollMs,
  );
}
