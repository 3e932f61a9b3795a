import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { eventually, kill, nothing, processesOf, remains, startNode } from '../../test/machine.js';
import { startDebianServers } from './debian-servers.js';

interface Made {
  folder: string;
  network: number;
}

const networkOf = (address: string): number => {
  const [, second, third] = address.split('.').map(Number);
  return ((second ?? 0) - 18) * 256 + (third ?? 0);
};

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

/** Servers of another process, which then waits to be killed. */
async function startElsewhere() {
  // Built by the script that runs these tests.
  await access('libs/testing/dist/debian-servers/index.js');
  const { child, told } = startNode(`
    import { startDebianServers } from '@podway/testing/debian-servers';
    const all = await startDebianServers({ names: ['one', 'two'], disk: { sizeMb: 32 } });
    await all.at(0).run(['sh', '-c', 'setsid sleep 4321 </dev/null >/dev/null 2>&1 &']);
    console.log(JSON.stringify({ identityFile: all.identityFile, address: all.at(0).address }));
    setInterval(() => undefined, 1_000);
  `);
  children.push(child);
  const { identityFile, address } = JSON.parse(await told()) as { identityFile: string; address: string };
  const made: Made = { folder: dirname(identityFile), network: networkOf(address) };
  return { child, ...made };
}

function expectAllThere({ folder, network }: Made): void {
  const there = remains(folder, network);
  for (const [what, found] of Object.entries(there)) expect(found, what).not.toEqual([]);
  expect(there.mounts).toHaveLength(4);
  expect(there.spaces).toHaveLength(2);
}

it('leaves nothing on this machine when it stops', async () => {
  const all = await startDebianServers({ names: ['one', 'two'], disk: { sizeMb: 32 } });
  const made = { folder: dirname(all.identityFile), network: networkOf(all.at(0).address) };
  expectAllThere(made);
  await all.stop();
  expect({ ...remains(made.folder, made.network), loops: [] }).toEqual(nothing);
  // A mount namespace that another process is just making holds a loop device for a moment.
  await eventually(() => expect(remains(made.folder, made.network)).toEqual(nothing));
});

it('lets the program end that has stopped its servers', async () => {
  const { child, output } = startNode(`
    import { startDebianServers } from '@podway/testing/debian-servers';
    const all = await startDebianServers({ names: ['one'] });
    await all.stop();
    console.log('stopped');
  `);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output()).toBe('stopped\n');
});

it('leaves nothing when making a server fails', async () => {
  const failing = startDebianServers({
    names: ['one', 'two'],
    volumes: [{ path: '/srv/site', fileSystem: 'btrfs', sizeMb: 1 }],
  });
  await expect(failing).rejects.toMatchObject({ code: 'TESTING.TOOL_FAILED' });
  expect(processesOf('/podway-debian-' + process.pid)).toEqual([]);
});

it('leaves nothing when the process that made them is killed', async () => {
  const { child, folder, network } = await startElsewhere();
  expectAllThere({ folder, network });
  await kill(child);
  await eventually(() => expect(remains(folder, network)).toEqual(nothing));
});

it('removes what a run has left whose guard was killed with it, and nothing of a run that lives', async () => {
  const living = await startElsewhere();
  const killed = await startElsewhere();
  const guards = processesOf(killed.folder).filter((line) => line.includes('clean-up.sh'));
  expect(guards).toHaveLength(1);
  process.kill(Number.parseInt(guards[0] ?? ''), 'SIGKILL');
  await kill(killed.child);
  // No process outlives its owner, guard or not.
  await eventually(() => expect(processesOf(killed.folder)).toEqual([]));
  expect(existsSync(killed.folder)).toBe(true);
  const next = await startDebianServers({ names: ['next'] });
  await eventually(() => expect(remains(killed.folder, killed.network)).toEqual(nothing));
  expectAllThere(living);
  await next.stop();
  await kill(living.child);
  await eventually(() => expect(remains(living.folder, living.network)).toEqual(nothing));
});
