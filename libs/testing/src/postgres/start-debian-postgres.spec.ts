import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startDebianPostgres } from './start-debian-postgres.js';

const run = promisify(execFile);

it('starts a server of the same version as the client programs, which is gone when it is stopped', async () => {
  const postgres = await startDebianPostgres();
  const ask = async (query: string): Promise<string> =>
    (await run('psql', [postgres.url(), '-XAtc', query])).stdout.trim();
  try {
    const [, version = ''] = /(\d+)\.\d+/.exec((await run('pg_dump', ['--version'])).stdout) ?? [];
    expect(await ask('show server_version')).toMatch(new RegExp(`^${version}\\.`));
  } finally {
    await postgres.stop();
  }
  await expect(ask('select 1')).rejects.toThrow();
});
