import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerSpec } from '@podway/contracts';
import { ensurePackages } from '../fleet/debian-packages.js';
import { freePort } from '@podway/persistence/embedded';
import { claim, type Claim } from './claim.js';
import { debianRoots } from './debian-root.js';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { makeKey, nameServer, siteConfig } from './new-server.js';
import { script, tool } from './tool.js';

/** What a machine has besides the base of all test servers: its own kernel, and systemd. */
const packages = ['linux-image-cloud-amd64', 'initramfs-tools', 'systemd-sysv', 'udev', 'nginx'];
const SIZE_MB = 3_000;
const MEMORY_MB = 768;
const ADDRESS = '10.0.2.15';

interface DebianMachineParts {
  readonly name: string;
  readonly hostKey: string;
  readonly identityFile: string;
  readonly image: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly ports: { readonly ssh: number; readonly http: number };
  readonly console: string;
  readonly ours: Claim;
}

/** A Debian server on a virtual machine: a real kernel, a real boot by systemd, a disk that keeps what was synced. */
export class DebianMachine {
  readonly name: string;
  readonly path = '/srv/site';
  #machine?: ChildProcess;

  constructor(private readonly parts: DebianMachineParts) {
    this.name = parts.name;
  }

  spec(changes: Partial<ServerSpec> = {}): ServerSpec {
    const { ports, hostKey, identityFile } = this.parts;
    const ssh = { host: '127.0.0.1', port: ports.ssh, user: 'root', hostKeys: [hostKey], identityFile };
    return { name: this.name, ssh, http: `http://127.0.0.1:${ports.http}`, path: this.path, ...changes };
  }

  /** Switches it on. Resolves at once: `answers` tells when it is up. */
  on(): void {
    const { image, kernel, initrd, ports, console } = this.parts;
    const forwards = `hostfwd=tcp:127.0.0.1:${ports.ssh}-:22,hostfwd=tcp:127.0.0.1:${ports.http}-:80`;
    const argv = [
      ...[
        '--pdeathsig',
        'KILL',
        'qemu-system-x86_64',
        '-m',
        String(MEMORY_MB),
        '-nodefaults',
        '-display',
        'none',
      ],
      // Emulated: where /dev/kvm is there, it may still not run a guest, as inside of another virtual machine.
      ...['-accel', 'tcg', '-cpu', 'max'],
      ...['-kernel', kernel, '-initrd', initrd, '-append', 'root=/dev/vda rw console=ttyS0'],
      ...['-drive', `file=${image},format=raw,if=virtio`, '-serial', `file:${console}`],
      ...['-netdev', `user,id=net,restrict=on,${forwards}`, '-device', 'virtio-net-pci,netdev=net,romfile='],
      ...['-device', 'virtio-rng-pci'],
    ];
    const machine = spawn('setpriv', argv, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
    this.#machine = machine;
    machine.once('exit', () => {
      if (this.#machine === machine) this.#machine = undefined;
    });
  }

  /** Pulls the plug. */
  async off(): Promise<void> {
    const machine = this.#machine;
    if (!machine) return;
    const ended = once(machine, 'exit');
    machine.kill('SIGKILL');
    await ended;
  }

  /**
   * Resolves when its sshd greets.
   * @throws DebianServersUnavailableError when it does not within `withinMs`, with the end of its console.
   */
  async answers(withinMs = 240_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await this.#greets())) {
      if (performance.now() > end || !this.#machine)
        throw new DebianServersUnavailableError(`${this.name} is not up: ${await this.said(3_000)}`);
      await sleep(250);
    }
  }

  /** The last characters of its console. */
  async said(characters: number): Promise<string> {
    return (await readFile(this.parts.console, 'utf8').catch(() => '')).slice(-characters);
  }

  /** Ends it and removes all of it. */
  async stop(): Promise<void> {
    await this.off();
    await this.parts.ours.release();
  }

  #greets(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.parts.ports.ssh, '127.0.0.1');
      socket.setTimeout(2_000, () => socket.destroy());
      socket.once('data', (chunk) => {
        resolve(chunk.toString().startsWith('SSH-'));
        socket.destroy();
      });
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
  }
}

/** Makes a machine and switches it on. Its processor is emulated: a boot takes a minute. */
export async function startDebianMachine(name: string): Promise<DebianMachine> {
  const tell = (line: string): void => console.error(`debian machine: ${line}`);
  if (process.getuid?.() !== 0) throw new DebianServersUnavailableError('mounts need root');
  await ensurePackages(['debootstrap', 'e2fsprogs', 'openssh-client', 'qemu-system-x86'], tell);
  const lowers = await debianRoots(packages, tell);
  const ours = await claim();
  try {
    const parts = await prepared(name, lowers, ours);
    const machine = new DebianMachine(parts);
    machine.on();
    return machine;
  } catch (error) {
    await ours.release();
    throw error;
  }
}

async function prepared(name: string, lowers: readonly string[], ours: Claim): Promise<DebianMachineParts> {
  const at = (path: string): string => join(ours.folder, path);
  const identityFile = at('client_key');
  await makeKey(identityFile);
  const upper = at('upper');
  for (const folder of ['etc/ssh/sshd_config.d', 'etc/nginx/sites-available', 'etc/systemd/network', 'root'])
    await mkdir(join(upper, folder), { recursive: true });
  const hostKey = await nameServer(upper, name, identityFile);
  await writeFile(join(upper, 'etc/nginx/sites-available/default'), siteConfig);
  const network = `[Match]\nType=ether\n\n[Network]\nAddress=${ADDRESS}/24\n`;
  await writeFile(join(upper, 'etc/systemd/network/wired.network'), network);
  const wants = join(upper, 'etc/systemd/system/multi-user.target.wants');
  await mkdir(wants, { recursive: true });
  await symlink('/lib/systemd/system/systemd-networkd.service', join(wants, 'systemd-networkd.service'));
  const image = at('disk');
  await tool(['unshare', '--mount', 'sh', script('image'), image, String(SIZE_MB), lowers.join(':'), upper]);
  const boot = join(lowers[0] ?? '', 'boot');
  const files = await readdir(boot);
  const file = (prefix: string): string => join(boot, files.find((one) => one.startsWith(prefix)) ?? prefix);
  return {
    ...{ name, hostKey, identityFile, image, ours, console: at('console') },
    ...{ kernel: file('vmlinuz-'), initrd: file('initrd.img-') },
    ports: { ssh: await freePort(), http: await freePort() },
  };
}
