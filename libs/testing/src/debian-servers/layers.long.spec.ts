import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DebianServer } from './debian-server.js';
import { startDebianServers, type DebianServersOptions } from './debian-servers.js';

async function withServers(
  options: Omit<DebianServersOptions, 'names'>,
  use: (one: DebianServer, two: DebianServer) => Promise<void>,
): Promise<void> {
  const all = await startDebianServers({ names: ['one', 'two'], ...options });
  try {
    await use(all.at(0), all.at(1));
  } finally {
    await all.stop();
  }
}

const layerMs = 600_000;

it.each([
  ['postgresql', (sql: string) => ['su', '-', 'postgres', '-c', `psql -Atc "${sql}" shop`], 'createdb shop'],
  ['mariadb-server', (sql: string) => ['mariadb', '-Ne', sql, 'shop'], 'mariadb-admin create shop'],
])(
  'a server with %s has a database of its own, which is up again after a power cut',
  (name, ask, create) =>
    withServers({ packages: [name] }, async (one, two) => {
      const user = name === 'postgresql' ? 'postgres' : 'root';
      for (const server of [one, two]) await server.run(['su', '-', user, '-c', create]);
      await one.run(ask('create table orders (id int); insert into orders values (7)'));
      await one.reboot();
      expect(await one.run(ask('select id from orders'))).toBe('7\n');
      await expect(two.run(ask('select id from orders'))).rejects.toThrow('orders');
    }),
  layerMs,
);

it(
  'a server with a site serves what `current` points to',
  () =>
    withServers({ sites: true }, async (one, two) => {
      const at = (path: string) => join(one.root, one.path, path);
      for (const release of ['a', 'b']) {
        await mkdir(at(`releases/${release}`), { recursive: true });
        await writeFile(at(`releases/${release}/index.html`), release);
        await symlink(`releases/${release}`, at(`to-${release}`));
      }
      for (const release of ['a', 'b']) {
        await rename(at(`to-${release}`), at('current'));
        expect(await (await fetch(one.http)).text()).toBe(release);
      }
      expect((await fetch(two.http)).status).toBe(404);
    }),
  layerMs,
);

it(
  'a server may have a btrfs volume, which survives a reboot',
  () =>
    withServers({ volumes: [{ path: '/srv/data', fileSystem: 'btrfs', sizeMb: 128 }] }, async (one) => {
      await one.run(['btrfs', '-q', 'subvolume', 'create', '/srv/data/live']);
      await one.run(['sh', '-c', 'echo old >/srv/data/live/a']);
      await one.run(['btrfs', '-q', 'subvolume', 'snapshot', '-r', '/srv/data/live', '/srv/data/before']);
      await one.run(['sh', '-c', 'echo new >/srv/data/live/a']);
      await one.reboot();
      expect(await one.run(['cat', '/srv/data/live/a', '/srv/data/before/a'])).toBe('new\nold\n');
      await expect(one.run(['touch', '/srv/data/before/b'])).rejects.toThrow('Read-only file system');
    }),
  layerMs,
);
