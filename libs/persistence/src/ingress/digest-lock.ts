import type { DataSource, EntityManager } from 'typeorm';

/**
 * Runs `work` while the content with this digest is locked: `shared` by those that store it, `exclusive` by the one
 * that removes its bytes. Held by a connection, not by a transaction, so that the work may take its time; a process
 * that dies lets go. `work` uses the connection that it is given: a second one might never become free.
 */
export async function withDigestLock<T>(
  dataSource: DataSource,
  digest: string,
  mode: 'shared' | 'exclusive',
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  const suffix = mode === 'shared' ? '_shared' : '';
  // 60 of the 256 bits: two contents that meet here only wait for each other.
  const key = BigInt(`0x${digest.slice(0, 15)}`).toString();
  try {
    await runner.query(`select pg_advisory_lock${suffix}($1)`, [key]);
    try {
      return await work(runner.manager);
    } finally {
      await runner.query(`select pg_advisory_unlock${suffix}($1)`, [key]);
    }
  } finally {
    await runner.release();
  }
}

/** Runs `work` unless another process does so now; undefined then. */
export async function withOnlyLock<T>(
  dataSource: DataSource,
  key: number,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const runner = dataSource.createQueryRunner();
  try {
    const [row]: { taken: boolean }[] = await runner.query('select pg_try_advisory_lock($1) as taken', [key]);
    if (!row?.taken) return undefined;
    try {
      return await work();
    } finally {
      await runner.query('select pg_advisory_unlock($1)', [key]);
    }
  } finally {
    await runner.release();
  }
}
