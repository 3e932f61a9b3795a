import pg from 'pg';

/** Connection, rollback, resources, locks, operator's doing, system: classes of SQLSTATE that may pass. */
const passing = new Set(['08', '40', '53', '55', '57', '58']);

/** Whether the same statement may succeed later. A lost connection has no SQLSTATE at all. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || passing.has((error.code ?? '').slice(0, 2));
}
