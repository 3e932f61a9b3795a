import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startDebianPostgres, type DebianPostgres } from '@podway/testing/postgres';
import type { Shell } from './shell.js';

const run = promisify(execFile);

/** A cluster of somebody's own, whose user `podway` may do nothing but log in; a database is theirs. */
export async function ownCluster(database?: string, { tenants = false } = {}): Promise<DebianPostgres> {
  const cluster = await startDebianPostgres();
  await sql(cluster, 'create role podway login');
  if (database !== undefined) await sql(cluster, `create database ${database} owner podway`);
  if (tenants) await sql(cluster, 'create role podway_tenant nologin', 'grant podway_tenant to podway');
  return cluster;
}

/** Runs statements as the administrator, each on its own. */
export async function sql(cluster: DebianPostgres, ...statements: string[]): Promise<void> {
  const argv = statements.flatMap((statement) => ['-c', statement]);
  await run('psql', [cluster.url(), '-Xq', '-v', 'ON_ERROR_STOP=1', ...argv]);
}

/** Podway's user may migrate, since an administrator has made what it may not make. */
export async function migrates(cluster: DebianPostgres, shell: Shell): Promise<void> {
  const url = cluster.url('podway', 'podway');
  const { code, output } = await shell.run(
    `DATABASE_URL=${url} PODWAY_ADMIN_KEY_FILE=own.key npm run migrate`,
  );
  if (code !== 0) throw new Error(`npm run migrate: ${output}`);
}

/** All that is in Podway's database, as text. */
async function contents(cluster: DebianPostgres): Promise<string> {
  const { stdout } = await run('pg_dump', [cluster.url('podway')], { maxBuffer: 2 ** 28 });
  return stdout.replaceAll(/^\\(un)?restrict .*$/gm, '');
}

/** @throws when the databases of Podway differ. */
export async function sameContents(one: DebianPostgres, other: DebianPostgres): Promise<void> {
  if ((await contents(one)) !== (await contents(other)))
    throw new Error('What was restored is not what was kept');
}
