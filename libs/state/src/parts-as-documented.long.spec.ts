import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { makeDebianPackage } from '@podway/testing/debian-servers';
import { debianTreeServers, type DebianTreeServer } from '../test/debian-tree-server.js';
import { documentedPart } from '../test/documented-part.js';
import { context } from '../test/tree-server.js';
import { StateSetDriver } from './state-set-driver.js';

const sessions = new NodeSshHostSessions();
let folder: string;
let servers: DebianTreeServer[];
let canary: DebianTreeServer;
let other: DebianTreeServer;

const sh = async (server: DebianTreeServer, script: string): Promise<string> => {
  const { code, stdout, stderr } = await server.session.exec(['sh', '-ec', script]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
};
const LOOK = `dpkg-query -W; find /etc/nginx /opt/shop /srv/data /etc/shop.conf -path /etc/nginx/cache -prune -o \\
  -printf '%p %y %m %U %G %T@ %l\\n' | sort; cat /etc/nginx/*.conf /usr/share/shop/* /srv/data/* /etc/shop.conf`;
const APT = 'DEBIAN_FRONTEND=noninteractive apt-get -q -y --allow-change-held-packages install';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podway-debs-'));
  const debs = await Promise.all(
    ['1', '2'].map((version) =>
      makeDebianPackage(folder, {
        name: 'shop',
        version,
        files: { 'usr/share/shop/program': `program ${version}\n` },
      }),
    ),
  );
  const parts = ['software', 'system', 'data'].map((name) => documentedPart(name, {}));
  servers = await debianTreeServers({ parts }, ['canary', 'other'], {
    connect: (debian) => sessions.session(debian.spec()),
    packages: ['restic', 'attr', 'btrfs-progs'],
    volumes: [{ path: '/srv', fileSystem: 'btrfs', sizeMb: 256 }],
  });
  [canary, other] = servers as [DebianTreeServer, DebianTreeServer];
  for (const server of servers) {
    await server.debian.offerPackages(debs);
    await sh(
      server,
      `${APT} shop=1; mkdir -p /etc/nginx/cache /opt/shop /srv/site; btrfs subvolume create /srv/data >&2
      echo 'listen 80;' >/etc/nginx/nginx.conf; echo one >/etc/shop.conf; echo data >/srv/data/file`,
    );
  }
}, 600_000);
afterAll(async () => {
  await sessions.close();
  await servers[0]?.stop();
  rmSync(folder, { recursive: true });
});

it('packages, system paths, a volume and the tree are one state', async () => {
  const driver = new StateSetDriver();
  const watchdog = { watchdogMs: 600_000 };
  for (const server of servers) await driver.prepare(server);
  const was = await sh(canary, LOOK);
  const ctx = context(1);
  const before = await driver.snapshot(canary, ctx, watchdog);
  await sh(
    canary,
    `${APT} shop=2; echo 'listen 81;' >/etc/nginx/nginx.conf; echo two >/etc/shop.conf; echo more >>/srv/data/file
    echo warm >/etc/nginx/cache/page; touch /opt/shop/added`,
  );
  const { dir } = await driver.beginStage(canary, ctx, { copy: 'link' });
  canary.write({ page: 'new' }, dir);
  const made = await driver.commitStage(canary, ctx, { dir, treeId: ctx.deploymentId });
  const release = { treeId: ctx.deploymentId, ...made };
  await driver.switchTo(canary, ctx, release);
  expect((await driver.stageFrom(canary, [other], ctx, release)).results.get('other')).toEqual({ ok: true });
  await driver.switchTo(other, ctx, { ...release, ...watchdog });
  const shown = await sh(other, LOOK);
  expect(shown).toBe(await sh(canary, LOOK));
  expect(shown).toContain('program 2');
  expect(await driver.fingerprint(other, undefined, { deep: true })).toEqual(release);
  for (const server of servers) {
    await driver.restore(server, ctx, { ...before, discard: release.treeId });
  }
  expect(await sh(canary, LOOK)).toBe(was);
  expect((await driver.fingerprint(other, undefined, { deep: true })).fingerprint).toBe(before.fingerprint);
});
