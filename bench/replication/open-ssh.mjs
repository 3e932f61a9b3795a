import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The `ssh` program as an administrator would set it up; the cipher is the one that Podway prefers, for both alike. */
export class OpenSsh {
  constructor(fleet) {
    this.fleet = fleet;
    this.knownHosts = join(fleet.root, 'known_hosts');
  }

  async setUp() {
    const lines = this.fleet.servers.map((server) => {
      const { host, port, hostKeys } = server.spec().ssh;
      return `[${host}]:${port} ${hostKeys[0]}\n`;
    });
    await writeFile(this.knownHosts, lines.join(''));
  }

  /** Options of `ssh` for a server; `open` goes through its standing connection. */
  options(server, open) {
    const { port, user, identityFile } = server.spec().ssh;
    const fixed = ['-F', '/dev/null', '-p', `${port}`, '-l', user, '-i', identityFile];
    const settings = [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${this.knownHosts}`,
      'Ciphers=aes128-gcm@openssh.com',
      ...(open ? [`ControlPath=${this.socket(server)}`, 'ControlMaster=no'] : ['ControlPath=none']),
    ];
    return [...fixed, ...settings.flatMap((setting) => ['-o', setting])];
  }

  socket(server) {
    return join(this.fleet.root, `${server.name}.ctl`);
  }

  /** Makes the standing connections (ControlMaster). */
  async openAll() {
    await Promise.all(
      this.fleet.servers.map((server) =>
        run('ssh', [
          ...this.options(server, false),
          '-o',
          `ControlPath=${this.socket(server)}`,
          '-M',
          '-N',
          '-f',
          server.address,
        ]),
      ),
    );
  }

  async closeAll() {
    await Promise.all(
      this.fleet.servers.map((server) =>
        run('ssh', [...this.options(server, true), '-O', 'exit', server.address]).catch(() => undefined),
      ),
    );
  }

  /** Runs a command line on a server. */
  command(server, line, { open }) {
    return run('ssh', [...this.options(server, open), server.address, line]);
  }

  /** Sends a file's bytes to `line` on a server, over its standing connection. */
  async send(server, file, line) {
    const child = spawn('ssh', [...this.options(server, true), server.address, line], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ssh ended with ${code}`))));
    });
    await Promise.all([pipeline(createReadStream(file, { highWaterMark: 262_144 }), child.stdin), ended]);
  }

  /** `rsync` from a folder of the canary, where it runs, to a folder of another server. */
  rsync(server, from, to, { open, more = [] }) {
    const shell = ['ssh', ...this.options(server, open)].join(' ');
    return run('rsync', ['-a', ...more, '-e', shell, `${from}/`, `${server.address}:${to}/`]);
  }
}
