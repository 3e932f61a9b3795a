import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { makeDebianPackage } from './debian-package.js';
import type { DebianServer } from './debian-server.js';
import { startDebianServers, type DebianServers } from './debian-servers.js';

let all: DebianServers;
let one: DebianServer;
let two: DebianServer;
let packages: string;
const sessions = new NodeSshHostSessions();

const over = async (server: DebianServer, ...argv: string[]) =>
  (await (await sessions.session(server.spec())).exec(argv)).stdout.trim();

beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'podway-debs-'));
  all = await startDebianServers({ names: ['one', 'two'] });
  [one, two] = [all.at(0), all.at(1)];
}, 600_000);
afterAll(async () => {
  await sessions.close();
  await all.stop();
  await rm(packages, { recursive: true });
});

describe('a Debian test server', () => {
  it('is reached by its address and its host key, and has a name of its own', async () => {
    expect(await over(one, 'hostname')).toBe('one');
    expect(await over(two, 'hostname')).toBe('two');
    expect(one.spec().ssh?.hostKeys).not.toEqual(two.spec().ssh?.hostKeys);
    expect(await over(one, 'sed', '-n', 's/^VERSION_CODENAME=//p', '/etc/os-release')).toBe('bookworm');
  });

  it('has a process tree of its own', async () => {
    await over(one, 'sh', '-c', 'setsid sleep 4321 </dev/null >/dev/null 2>&1 &');
    expect(await one.run(['ps', 'ax'])).toContain('sleep 4321');
    expect(await two.run(['ps', 'ax'])).not.toContain('sleep 4321');
    expect(await two.run(['ps', '-o', 'pid=', '-p', '1'])).toMatch(/^\s+1\n$/);
  });

  it('has a dpkg database of its own, and an apt that needs no network', async () => {
    const version = (text: string) =>
      makeDebianPackage(packages, {
        name: 'shop',
        version: text,
        files: { 'usr/share/shop/version': text },
        scripts: { postinst: '#!/bin/sh\necho "$1 $2" >>/var/log/shop\n' },
      });
    await one.offerPackages([await version('1.0'), await version('1.1')]);
    await over(one, 'apt-get', '-y', 'install', 'shop=1.0');
    expect(await over(one, 'dpkg-query', '-W', 'shop')).toBe('shop\t1.0');
    await over(one, 'apt-get', '-y', 'install', 'shop');
    expect(await over(one, 'cat', '/usr/share/shop/version')).toBe('1.1');
    expect(await readFile(join(one.root, 'var/log/shop'), 'utf8')).toBe('configure \nconfigure 1.0\n');
    await expect(two.run(['dpkg-query', '-W', 'shop'])).rejects.toThrow('no packages found');
  });
});
