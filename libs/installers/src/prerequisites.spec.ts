import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Prerequisites } from '@podway/contracts';
import { NodeSshHostSessions } from '@podway/hosts';
import { SshServers } from '@podway/testing/ssh-servers';
import { unmetPrerequisites } from './prerequisites.js';
import { lookAtServer, type ServerFacts } from './server-facts.js';

const facts: ServerFacts = {
  ...{ osId: 'debian', osVersion: '12', memoryMb: 1_024, cpus: 2 },
  listening: new Set([22, 8_080]),
  missing: new Set(['php']),
};

describe('prerequisites', () => {
  it.each<[string, Prerequisites]>([
    ['none', {}],
    ['exactly what is there', { diskFreeMb: 100, memoryMb: 1_024, cpus: 2, freePorts: [8_081] }],
    ['the system', { os: [{ id: 'fedora' }, { id: 'debian', version: '12' }] }],
    ['any version of the system', { os: [{ id: 'debian' }] }],
    ['programs that are there', { commands: ['sh'] }],
  ])('are met: %s', (_, wanted) => {
    expect(unmetPrerequisites(wanted, facts, 100)).toEqual([]);
  });

  it('take the beginning of a version, in whole parts', () => {
    const on = (osVersion: string, version: string) =>
      unmetPrerequisites({ os: [{ id: 'debian', version }] }, { ...facts, osVersion }, 0).length === 0;
    expect([on('22.04', '22'), on('22.04', '22.0'), on('22.04', '2'), on('12', '12.1')]).toEqual([
      ...[true, false, false, false],
    ]);
  });

  it('that are not met are told all at once', () => {
    const wanted = {
      ...{ diskFreeMb: 101, memoryMb: 1_025, cpus: 3, freePorts: [8_080, 9_000], commands: ['php', 'sh'] },
      os: [{ id: 'debian', version: '13' }, { id: 'fedora' }],
    };
    expect(unmetPrerequisites(wanted, facts, 100)).toEqual([
      '101 MiB of disk wanted, 100 free',
      '1025 MiB of memory wanted, 1024 there',
      '3 processors wanted, 2 there',
      'the operating system is debian 12, not debian 13 or fedora',
      'the port 8080 is taken',
      'the program php is not there',
    ]);
  });

  it('are not met by what a server does not tell', () => {
    const wanted = { memoryMb: 1, cpus: 1, freePorts: [1], os: [{ id: 'debian' }] };
    expect(unmetPrerequisites(wanted, { missing: new Set() }, 0)).toHaveLength(4);
  });
});

describe('a look at a server', () => {
  const sessions = new NodeSshHostSessions();
  let servers: SshServers;
  let listener: Server;
  beforeAll(async () => {
    servers = await SshServers.start();
    listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
  });
  afterAll(async () => {
    listener.close();
    await sessions.close();
    await servers.stop();
  });

  it('tells what it is, what it has, what listens and which programs are missing', async () => {
    const session = await sessions.session(servers.at(0).spec());
    const found = await lookAtServer(session, { commands: ['sh', 'podway-no-such-program'] });
    const release = readFileSync('/etc/os-release', 'utf8');
    expect(release).toMatch(new RegExp(`^ID="?${found.osId ?? '-'}"?$`, 'm'));
    expect(release).toMatch(new RegExp(`^VERSION_ID="?${found.osVersion ?? '-'}"?$`, 'm'));
    expect(Math.abs((found.memoryMb ?? 0) - totalmem() / 1024 ** 2)).toBeLessThan(2);
    expect(found.cpus).toBe(availableParallelism());
    expect(found.listening?.has((listener.address() as AddressInfo).port)).toBe(true);
    expect(found.listening?.has(servers.at(0).port)).toBe(true);
    expect(found.listening?.has(1)).toBe(false);
    expect([...found.missing]).toEqual(['podway-no-such-program']);
  });

  it('that could not be taken found nothing', async () => {
    const session = { exec: async () => ({ code: 127, stdout: '', stderr: 'not found' }) };
    expect(await lookAtServer(session as never, { commands: ['php'] })).toEqual({
      missing: new Set(['php']),
    });
  });
});
