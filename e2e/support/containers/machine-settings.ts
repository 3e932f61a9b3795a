import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** Where apt has packages from, and whom it believes. */
const ofApt = ['/etc/apt', '/usr/share/keyrings'];
const bundle = '/etc/ssl/certs/ca-certificates.crt';
/** As base/node.Dockerfile has it. */
const extraAuthorities = 'usr/local/share/podway-tests/extra-ca.pem';

/** Makes a folder to be laid over a container's root: `apt-get` and `npm` get there what they get on this machine. */
export async function machineSettings(folder: string): Promise<void> {
  for (const path of [...ofApt, bundle]) await copy(path, join(folder, path));
  await copy(npmFile('userconfig'), join(folder, 'root/.npmrc'));
  await copy(npmFile('globalconfig'), join(folder, 'usr/local/etc/npmrc'));
  const extra = join(folder, extraAuthorities);
  await mkdir(dirname(extra), { recursive: true });
  await writeFile(extra, '');
  if (process.env.NODE_EXTRA_CA_CERTS) await copy(process.env.NODE_EXTRA_CA_CERTS, extra);
}

function npmFile(name: 'userconfig' | 'globalconfig'): string {
  return spawnSync('npm', ['config', 'get', name], { cwd: '/', encoding: 'utf8' }).stdout.trim();
}

async function copy(from: string, to: string): Promise<void> {
  if (existsSync(from)) await cp(from, to, { recursive: true, dereference: true });
}
