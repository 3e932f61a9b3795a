import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DebianServer } from './debian-server.js';
import type { Network } from './network.js';
import { ServerDisk, type Volume } from './server-disk.js';
import { tool } from './tool.js';

export interface NewServer {
  readonly name: string;
  /** Its place on the network, from 0. */
  readonly index: number;
  /** On this machine; made by this. */
  readonly folder: string;
  /** What its root lies on, topmost first. */
  readonly lowers: readonly string[];
  readonly network: Network;
  readonly identityFile: string;
  readonly sizeMb: number | undefined;
  readonly volumes: readonly Volume[];
  readonly site: boolean;
}

/** Gives a server its root, its cable and its identity. It is not started. */
export async function newServer(wanted: NewServer): Promise<DebianServer> {
  const { name, index, folder, lowers, network, identityFile, sizeMb, volumes, site } = wanted;
  await mkdir(folder);
  const disk = new ServerDisk(folder, sizeMb);
  await disk.mount(lowers, volumes);
  const link = await network.attach(index);
  const hostKey = await nameServer(disk.root, name, identityFile);
  if (site) await writeFile(join(disk.root, 'etc/nginx/sites-available/default'), siteConfig);
  return new DebianServer({ name, folder, disk, link, hostKey, identityFile });
}

export const siteConfig = `server {
  listen 80 default_server;
  root /srv/site/current;
}
`;

/** Writes what no other server has. Returns its host key, as in known_hosts. */
export async function nameServer(root: string, name: string, identityFile: string): Promise<string> {
  const at = (path: string): string => join(root, path);
  await writeFile(at('etc/hostname'), `${name}\n`);
  await writeFile(at('etc/hosts'), `127.0.0.1 localhost\n127.0.1.1 ${name}\n`);
  await makeKey(at('etc/ssh/ssh_host_ed25519_key'));
  await mkdir(at('root/.ssh'), { mode: 0o700 });
  await copyFile(`${identityFile}.pub`, at('root/.ssh/authorized_keys'));
  await chmod(at('root/.ssh/authorized_keys'), 0o600);
  // Many connections at once are no attack here.
  await writeFile(at('etc/ssh/sshd_config.d/podway.conf'), 'MaxStartups 100\nMaxSessions 100\n');
  const [type, blob] = (await readFile(at('etc/ssh/ssh_host_ed25519_key.pub'), 'utf8')).split(' ');
  return `${type} ${blob}`;
}

export async function makeKey(file: string): Promise<void> {
  await tool(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'podway-test', '-f', file]);
}
