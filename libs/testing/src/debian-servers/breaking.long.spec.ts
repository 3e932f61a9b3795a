import { existsSync, statfsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { eventually } from '../../test/machine.js';
import type { DebianServer } from './debian-server.js';
import { startDebianServers, type DebianServers } from './debian-servers.js';

let all: DebianServers;
let one: DebianServer;
let two: DebianServer;

beforeAll(async () => {
  all = await startDebianServers({ names: ['one', 'two'], disk: { sizeMb: 64 } });
  [one, two] = [all.at(0), all.at(1)];
}, 600_000);
afterAll(() => all.stop());

/** Whether sshd greets within a second. */
const greets = (server: DebianServer) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    const settle = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, settle(false));
    socket.once('data', settle(true)).once('error', settle(false)).once('close', settle(false));
  });

const bootId = async (server: DebianServer) =>
  (await server.run(['cat', '/proc/sys/kernel/random/boot_id'])).trim();
const uptime = async (server: DebianServer) =>
  Number((await server.run(['cat', '/proc/uptime'])).split(' ')[0]);

describe('the network of a Debian test server', () => {
  it('reaches its neighbours and nothing outside', async () => {
    const reach = (address: string, port: number) =>
      one.run(['timeout', '2', 'bash', '-c', `head -c 4 </dev/tcp/${address}/${port}`]);
    expect(await reach(two.address, 22)).toBe('SSH-');
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(
        ({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('198.1'),
      );
    await expect(reach(outside?.address ?? '192.0.2.1', 22)).rejects.toThrow('Network is unreachable');
  });

  it('can be cut: what runs goes on, and nobody gets through until it is healed', async () => {
    await one.run(['sh', '-c', 'setsid sh -c "sleep 1; echo done >/var/job" </dev/null >/dev/null 2>&1 &']);
    await one.partition();
    expect(await greets(one)).toBe(false);
    await eventually(async () => expect(await greets(two)).toBe(true));
    await eventually(async () => expect(await readFile(join(one.root, 'var/job'), 'utf8')).toBe('done\n'));
    await one.heal();
    await eventually(async () => expect(await greets(one)).toBe(true));
  });

  it('can be slow, both ways', async () => {
    const sessions = new NodeSshHostSessions();
    const session = await sessions.session(one.spec());
    const elapsedMs = async (argv: string[], stdin?: string) => {
      const begin = performance.now();
      expect(await session.exec(argv, { stdin })).toMatchObject({ code: 0 });
      return performance.now() - begin;
    };
    const send = () => elapsedMs(['sh', '-c', 'cat >/dev/null'], 'x'.repeat(200_000));
    const receive = () => elapsedMs(['head', '-c', '200000', '/dev/zero']);
    await one.slowLink(1_000);
    // 200 kB are 1.6 s at this rate; a burst of 16 kB passes at once.
    const [sent, received] = [await send(), await receive()];
    expect(sent).toBeGreaterThan(1_000);
    expect(received).toBeGreaterThan(1_000);
    await one.slowLink(0);
    expect(await send()).toBeLessThan(sent);
    expect(await receive()).toBeLessThan(received);
    await sessions.close();
  });
});

describe('the disk of a Debian test server', () => {
  it('can be full, to the last block, and free again', async () => {
    await one.fullDisk();
    await expect(one.run(['sh', '-c', 'head -c 4096 /dev/zero >/var/more'])).rejects.toThrow('No space left');
    await two.run(['sh', '-c', 'head -c 4096 /dev/zero >/var/more']);
    await one.freeDisk();
    await one.run(['sh', '-c', 'head -c 4096 /dev/zero >/var/more']);
    const { blocks, bsize } = statfsSync(one.root);
    expect((blocks * bsize) / 2 ** 20).toBeLessThan(64);
  });
});

describe('a Debian test server that breaks', () => {
  it('ends with its whole process tree; its files stay', async () => {
    await one.run([
      'sh',
      '-c',
      'echo kept >/var/kept; echo gone >/run/gone; setsid sleep 4321 >/dev/null 2>&1 &',
    ]);
    const before = { id: await bootId(one), up: await uptime(one) };
    await one.stop();
    expect(await greets(one)).toBe(false);
    await expect(one.run(['true'])).rejects.toMatchObject({ code: 'TESTING.DEBIAN_SERVERS_UNAVAILABLE' });
    expect(await readFile(join(one.root, 'var/kept'), 'utf8')).toBe('kept\n');
    await one.start();
    expect(await one.run(['ps', 'ax'])).not.toContain('sleep 4321');
    expect(await bootId(one)).not.toBe(before.id);
    expect(await uptime(one)).toBeLessThan(before.up);
    expect(await one.run(['ls', '/run'])).not.toContain('gone');
  });

  it('cannot break this machine', async () => {
    for (const harm of [
      'echo h >/proc/sysrq-trigger',
      'echo 1 >/proc/sys/vm/drop_caches',
      'date -s "$(date)"',
      'mknod /dev/mem c 1 1 && head -c 1 /dev/mem',
    ]) {
      await expect(one.run(['sh', '-c', harm]), harm).rejects.toMatchObject({ code: 'TESTING.TOOL_FAILED' });
    }
  });

  it('has a boot id of its own, and an uptime that goes on', async () => {
    expect(await bootId(one)).toMatch(/^[0-9a-f-]{36}$/);
    expect(await bootId(one)).toBe(await bootId(one));
    expect(await bootId(two)).not.toBe(await bootId(one));
    const first = await uptime(one);
    await eventually(async () => expect(await uptime(one)).toBeGreaterThan(first));
  });

  it('runs what is to run at a reboot, without a network too', async () => {
    const line = '@reboot root cp /proc/sys/kernel/random/boot_id /var/booted\n';
    await mkdir(join(one.root, 'etc/cron.d'), { recursive: true });
    await writeFile(join(one.root, 'etc/cron.d/hook'), line);
    const before = await bootId(one);
    await one.partition();
    await one.reboot();
    expect(await greets(one)).toBe(false);
    await eventually(async () =>
      expect(await readFile(join(one.root, 'var/booted'), 'utf8')).toBe(`${await bootId(one)}\n`),
    );
    expect(await bootId(one)).not.toBe(before);
    await one.heal();
  });

  it('may never come up', async () => {
    await writeFile(join(two.root, 'etc/cron.d/hook'), '@reboot root touch /var/booted\n');
    two.neverComesUp();
    await two.reboot();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await greets(two)).toBe(false);
    expect(existsSync(join(two.root, 'var/booted'))).toBe(false);
    two.comesUp();
    await two.reboot();
    await eventually(async () => expect(await greets(two)).toBe(true));
    await eventually(() => expect(existsSync(join(two.root, 'var/booted'))).toBe(true));
  });
});
