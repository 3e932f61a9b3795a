import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { SshServers } from './ssh-servers.js';

let servers: SshServers;
const sessions = new NodeSshHostSessions();

beforeAll(async () => {
  servers = await SshServers.start({ count: 2, sites: true });
});
afterAll(async () => {
  await sessions.close();
  await servers.stop();
});

describe('test servers', () => {
  it('are real servers with an environment and a port of their own', async () => {
    const names = await Promise.all(
      servers.servers.map(async (server) => {
        const session = await sessions.session(server.spec());
        return (await session.exec(['printenv', 'PODWAY_TEST_SERVER'])).stdout.trim();
      }),
    );
    expect(names).toEqual(['server-1', 'server-2']);
    expect(servers.at(0).port).not.toBe(servers.at(1).port);
    for (const server of servers.servers) expect(server.port).toBeLessThan(32_768);
  });

  it('take all that runs on them with them when they stop, detached jobs included', async () => {
    const server = servers.at(0);
    const session = await sessions.session(server.spec());
    await session.exec(['sh', '-c', 'setsid sleep 60 </dev/null >/dev/null 2>&1 &']);
    expect(await server.commands()).toHaveLength(1);
    expect(await servers.at(1).commands()).toEqual([]);
    await server.stop();
    expect(await server.commands()).toEqual([]);
    await server.start();
    expect((await session.exec(['echo', 'back'])).stdout).toBe('back\n');
  });

  it('leave commands running when a connection is cut', async () => {
    const server = servers.at(1);
    const session = await sessions.session(server.spec());
    const running = session.exec(['sleep', '60']);
    await expect.poll(() => server.commands()).toHaveLength(1);
    expect(await server.cut()).toBeGreaterThan(0);
    await expect(running).rejects.toMatchObject({ code: 'HOST.CONNECTION_LOST' });
    await expect.poll(() => server.commands()).toHaveLength(1);
  });
});

describe('the site of a test server', () => {
  const get = async (path: string): Promise<[number, string | null, string]> => {
    const response = await fetch(servers.at(0).http + path);
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  it('says 503 while there is no release', async () => {
    expect((await get('/'))[0]).toBe(503);
  });

  it('serves the files of the current release, and nothing outside of its folder', async () => {
    const { path, root } = servers.at(0);
    await mkdir(`${path}/releases/a/css`, { recursive: true });
    await mkdir(`${path}/.podway`);
    await writeFile(`${path}/releases/a/index.html`, '<h1>A</h1>');
    await writeFile(`${path}/releases/a/css/site.css`, 'h1 {}');
    await writeFile(`${path}/.podway/token`, 'secret');
    await symlink('../../.podway/token', `${path}/releases/a/token`);
    await symlink('/etc/passwd', `${path}/releases/a/passwd`);
    await symlink('releases/a', `${path}/current`);
    expect(await get('/')).toEqual([200, 'text/html; charset=utf-8', '<h1>A</h1>']);
    expect(await get('/css/site.css?v=1')).toEqual([200, 'text/css; charset=utf-8', 'h1 {}']);
    for (const missing of [
      '/none',
      '/css/',
      '/passwd',
      '/token',
      '/%2e%2e/%2e%2e/ssh/host_key',
      '/..%2f..%2f..%2fssh%2fhost_key',
      '/%00',
      '/%',
    ]) {
      expect(await get(missing), missing).toMatchObject({ 0: 404 });
    }
    expect(existsSync(`${root}/ssh/host_key`)).toBe(true);
  });
});
