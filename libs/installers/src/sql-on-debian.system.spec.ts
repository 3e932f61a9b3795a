import { beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { installingDebian } from '../test/installing-server.js';

const { bundle, publish, at, debian } = installingDebian(['postgresql']);
const run = (...argv: string[]): Promise<string> => debian().run(argv);

beforeAll(async () => {
  await run(
    'sh',
    '-c',
    'pg_lsclusters -h | grep -q . || pg_createcluster 15 main; pg_ctlcluster 15 main start || :',
  );
  await run('runuser', '-u', 'postgres', '--', 'createdb', 'shop');
}, 120_000);

describe('the installer sql on a Debian server', () => {
  it('reaches PostgreSQL by its socket, as the user of the system', async () => {
    const part = { name: 'data', driver: 'database', engine: 'postgresql', database: 'shop' };
    Object.assign(at().target.state, { parts: [part] });
    const component: Component = {
      ...{ name: 'schema', installer: 'sql', engine: 'postgresql', database: 'shop' },
      ...{ script: 'sql/1.sql', version: '1' },
    };
    await publish(await bundle({ 'sql/1.sql': 'CREATE TABLE prices (item text);\n' }), [component]);
    const table = ['psql', '-XAtc', 'SELECT version FROM podway_schema', 'shop'];
    expect(await run('runuser', '-u', 'postgres', '--', ...table)).toBe('1\n');
  });
});
