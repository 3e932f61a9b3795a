import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StatePart } from '@podway/contracts';
import { NodeSshHostSessions } from '@podway/hosts';
import { debianTreeServers, type DebianTreeServer } from '../test/debian-tree-server.js';
import { context } from '../test/tree-server.js';
import { StateSetDriver } from './state-set-driver.js';

const sessions = new NodeSshHostSessions();
const driver = new StateSetDriver();
let servers: DebianTreeServer[];

beforeAll(async () => {
  servers = await debianTreeServers({}, ['canary', 'other', 'store'], {
    connect: (debian) => sessions.session(debian.spec()),
  });
  const [canary, other, store] = servers as [DebianTreeServer, DebianTreeServer, DebianTreeServer];
  const hostKey = readFileSync(join(store.debian.root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  await sh(store, 'mkdir /backup');
  for (const server of [canary, other]) {
    await sh(
      server,
      `ssh-keygen -q -t ed25519 -N '' -f ~root/.ssh/id_ed25519; echo secret >/etc/backup.password
      mkdir /etc/shop; echo old >/etc/shop/conf; echo '${store.debian.address} ${hostKey.trim()}' >~root/.ssh/known_hosts`,
    );
    const key = await sh(server, 'cat ~root/.ssh/id_ed25519.pub');
    await sh(store, `echo '${key.trim()}' >>~root/.ssh/authorized_keys`);
  }
}, 600_000);
afterAll(async () => {
  await sessions.close();
  await servers?.[0]?.stop();
});

async function sh(server: DebianTreeServer, script: string): Promise<string> {
  const { code, stdout, stderr } = await server.session.exec(['sh', '-ec', script]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}

it.each([
  ['restic', (address: string) => `sftp:root@${address}:/backup/restic`, 1],
  ['borg', (address: string) => `ssh://root@${address}/backup/borg`, 2],
] as const)(
  '%s keeps the paths of all servers in one repository of the operator',
  async (tool, where, token) => {
    const address = servers[2]!.debian.address;
    const part: StatePart = {
      ...({ name: `shop-${tool}`, driver: 'paths', tool } as const),
      paths: ['/etc/shop'],
      repository: where(address),
      passwordFile: '/etc/backup.password',
    };
    const [canary, other] = servers.map((server) => ({
      ...server,
      state: { ...server.state, parts: [part] },
    }));
    const ctx = context(token);
    for (const server of [canary!, other!]) await driver.prepare(server);
    const before = await driver.snapshot(canary!, ctx, { watchdogMs: 600_000 });
    await sh(canary!, 'echo new >/etc/shop/conf; echo more >/etc/shop/more');
    const { dir } = await driver.beginStage(canary!, ctx, { copy: 'link' });
    const made = await driver.commitStage(canary!, ctx, { dir, treeId: ctx.deploymentId });
    const release = { treeId: ctx.deploymentId, ...made };
    await driver.switchTo(canary!, ctx, release);
    const { results } = await driver.stageFrom(canary!, [other!], ctx, release);
    expect(results.get('other')).toEqual({ ok: true });
    await driver.switchTo(other!, ctx, { ...release, watchdogMs: 600_000 });
    expect(await sh(other!, 'cat /etc/shop/*')).toBe('new\nmore\n');
    // What is backed up lies in the store, and on no server.
    expect(await sh(servers[2]!, `du -s /backup/${tool} | cut -f 1`)).not.toBe('0\n');
    expect(await sh(other!, `ls ${other!.path}/.podway/parts/${part.name}`)).not.toContain('repos');
    for (const server of [canary!, other!]) {
      await driver.restore(server, ctx, { ...before, discard: release.treeId });
      expect(await sh(server, 'cat /etc/shop/*')).toBe('old\n');
    }
  },
);
