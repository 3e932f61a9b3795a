import pg from 'pg';

/** Codes of Node and SQLSTATE classes that say: the database is away, starting or stopping; the same call may succeed later. */
const AWAY = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN|08|57P0|53300|57014)/;

/** Whether an error means that the database could not be reached or has ended the connection. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    const { code, driverError } = at as { code?: unknown; driverError?: unknown };
    if (typeof code === 'string' && AWAY.test(code)) return true;
    // node-postgres gives no code to a connection that ended under a query: an answer of the server is a DatabaseError.
    if (driverError instanceof Error && !(driverError instanceof pg.DatabaseError)) {
      return !(driverError instanceof TypeError);
    }
    at = driverError ?? at.cause;
  }
  return false;
}
