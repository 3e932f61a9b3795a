import type { Pool } from 'pg';

export interface PostgresBrokerOptions {
  /** Connections to use; one is kept for the life sign. Stays open at close. Either this or `connectionString`. */
  readonly pool?: Pool;
  /** For a pool of its own. */
  readonly connectionString?: string;
  /** Largest size of the own pool. Default 10. */
  readonly poolSize?: number;
  /** How long `publish` waits for Postgres. Default 30 s. */
  readonly publishTimeoutMs?: number;
  /** How long `declare` waits for Postgres. Default 60 s. */
  readonly connectTimeoutMs?: number;
  /** How long `close` waits for running handlers. Default 30 s. */
  readonly drainTimeoutMs?: number;
  /** How often to look for what no wake-up told of: messages of dead processes, lost notifications. Default 1 s. */
  readonly sweepMs?: number;
  /** Told of every failed statement that is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

export const postgresBrokerDefaults = {
  poolSize: 10,
  publishTimeoutMs: 30_000,
  connectTimeoutMs: 60_000,
  drainTimeoutMs: 30_000,
  sweepMs: 1_000,
} as const;
