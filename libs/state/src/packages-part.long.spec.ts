import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeSshHostSessions } from '@podway/hosts';
import { makeDebianPackage, type DebianPackageContent } from '@podway/testing/debian-servers';
import { debianTreeServers, type DebianTreeServer } from '../test/debian-tree-server.js';
import { documentedPart } from '../test/documented-part.js';
import { keepsThePromiseOfParts } from '../test/part-contract.js';
import { context, type TreeServer } from '../test/tree-server.js';
import { StateSetDriver } from './state-set-driver.js';

const contents: DebianPackageContent[] = [
  ...['1.0', '2.0'].map((version) => ({
    name: 'shop',
    version,
    files: {
      'usr/share/shop/version': version,
      ...(version === '2.0' ? { 'usr/share/shop/added': 'x' } : {}),
      'etc/shop.conf': `made for ${version}\n`,
    },
    conffiles: ['/etc/shop.conf'],
    fields: version === '2.0' ? { Depends: 'shop-lib (>= 1)' } : undefined,
    scripts: { postinst: '#!/bin/sh\necho "$1 $2" >>/var/log/shop\n' },
  })),
  { name: 'shop-lib', version: '1:1.5', files: { 'usr/lib/shop-lib': 'lib' } },
  { name: 'shop-tool', version: '1.0', files: { 'etc/tool.conf': 'tool\n' }, conffiles: ['/etc/tool.conf'] },
  ...['1', '2'].map((version) => ({
    name: 'base-thing',
    version,
    files: { 'usr/share/base-thing': version },
  })),
];

const sessions = new NodeSshHostSessions();
let folder: string;
let debs: string[];
const running: DebianTreeServer[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podway-debs-'));
  debs = await Promise.all(contents.map((content) => makeDebianPackage(folder, content)));
});
afterAll(async () => {
  await sessions.close();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

async function newServer(state: Parameters<typeof debianTreeServers>[0], name: string) {
  const [server] = await debianTreeServers(state, [name], {
    connect: (debian) => sessions.session(debian.spec()),
  });
  if (!server) throw new Error('no server was made');
  running.push(server);
  await server.debian.offerPackages(debs);
  return server;
}

async function sh(server: TreeServer, script: string): Promise<string> {
  const { code, stdout, stderr } = await server.session.exec(['sh', '-ec', script]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}

const APT =
  'DEBIAN_FRONTEND=noninteractive apt-get -q -y --allow-change-held-packages --allow-downgrades -o Dpkg::Options::=--force-confnew';
const versions = {
  old: `${APT} install shop=1.0 base-thing=1; echo mine >>/etc/shop.conf; chmod 640 /etc/shop.conf; apt-mark hold shop`,
  new: `${APT} install shop=2.0`,
  other: `${APT} purge shop; ${APT} install shop-tool; rm /etc/tool.conf`,
};
/** The whole list of dpkg, the marks, and the files of the packages. */
const LOOK = `dpkg-query -W -f '\${binary:Package} \${Version} \${db:Status-Abbrev}\\n'; apt-mark showhold; apt-mark showauto
dpkg --audit; for file in /etc/*.conf* /usr/share/shop/* /usr/lib/shop-lib /usr/share/base-thing; do
  [ ! -f "$file" ] || { stat -c '%n %a %u %g' "$file"; sha256sum "$file"; }; done`;

keepsThePromiseOfParts('packages', () =>
  Promise.resolve({
    part: documentedPart('software', {}),
    newServer,
    heals: false,
    async become(server, version) {
      await sh(server, versions[version]);
    },
    look: (server) => sh(server, LOOK),
  }),
);

describe('packages', () => {
  const driver = new StateSetDriver();
  const watchdog = { watchdogMs: 600_000 };
  let server: DebianTreeServer;
  beforeEach(async () => {
    server = await newServer({ parts: [documentedPart('software', {})] }, 'one');
    await driver.prepare(server);
  });

  it('are on hold from their first record on, so that apt leaves them', async () => {
    await sh(server, `${APT} install shop=1.0`);
    await driver.snapshot(server, context(1), watchdog);
    await sh(server, 'apt-get -q -y dist-upgrade');
    expect(await sh(server, 'dpkg-query -W shop')).toBe('shop\t1.0\n');
  });

  it('go back without any repository', async () => {
    await sh(server, versions.old);
    const was = await sh(server, LOOK);
    const ctx = context(1);
    const before = await driver.snapshot(server, ctx, watchdog);
    await sh(
      server,
      `${versions.new}; rm -rf /var/local/packages /var/cache/apt/archives/*.deb /var/lib/apt/lists/*`,
    );
    await driver.restore(server, ctx, before);
    expect(await sh(server, LOOK)).toBe(was);
  });

  it('refuse an update that changes packages which are not named, and undo it', async () => {
    await sh(server, versions.old);
    const was = await sh(server, LOOK);
    const ctx = context(1);
    const before = await driver.snapshot(server, ctx, watchdog);
    await sh(server, `${APT} install shop=2.0 base-thing=2`);
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    await expect(driver.commitStage(server, ctx, { dir, treeId: ctx.deploymentId })).rejects.toMatchObject({
      code: 'STATE.PART_FAILED',
      message: expect.stringContaining('does not name what the update has changed: base-thing') as string,
    });
    await driver.restore(server, ctx, before);
    expect(await sh(server, LOOK)).toBe(was);
  });

  it('refuse to begin when a version could not be brought back', async () => {
    await sh(server, `${versions.old}; rm -rf /var/local/packages /var/cache/apt/archives/*.deb`);
    await expect(driver.snapshot(server, context(1), watchdog)).rejects.toMatchObject({
      code: 'STATE.PART_FAILED',
      message: expect.stringContaining('have shop 1.0') as string,
    });
  });

  it('are put back after dpkg was killed in the middle', async () => {
    await sh(server, versions.old);
    const was = await sh(server, LOOK);
    const ctx = context(1);
    const before = await driver.snapshot(server, ctx, watchdog);
    await sh(
      server,
      `dpkg --unpack /var/local/packages/shop_2.0_all.deb /var/local/packages/shop-tool_1.0_all.deb`,
    );
    expect(await sh(server, 'dpkg --audit')).toContain('shop');
    await driver.restore(server, ctx, before);
    expect(await sh(server, LOOK)).toBe(was);
  });
});
