import { createHash } from 'node:crypto';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { makeDebianPackage } from '@podway/testing/debian-servers';
import { DebianPod } from './support/debian-pod.js';
import { Scene } from './support/scene.js';

/** What installers change where it is, together with the part of the state that can put it back. */
describe('a POD whose servers are changed in place', () => {
  let scene: Scene;
  let pod: DebianPod;
  let folder: string;
  let elsewhere: Server;
  /** What is to be had at its URL, by path. */
  const offered = new Map<string, Buffer>();
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'podway-in-place-'));
    elsewhere = createServer(({ url = '' }, answer) => {
      const body = offered.get(url);
      answer.writeHead(body ? 200 : 404).end(body);
    }).listen(0, '127.0.0.1');
    scene = await Scene.open({ env: { PODWAY_FETCH_PRIVATE: 'true' } });
  });
  afterEach(() => pod?.stop());
  afterAll(async () => {
    elsewhere?.close();
    await scene?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const failing = [{ probe: 'http', path: '/missing', tries: 1 }] as const;

  it.each(['replicate', 'install'] as const)(
    'has packages of one version on all servers, goes back exactly, and takes one from a URL: %s',
    async (promotion) => {
      pod = await DebianPod.of(scene, {
        names: ['web1', 'web2'],
        state: { driver: 'tree', parts: [{ name: 'system', driver: 'packages', packages: ['shop'] }] },
        policy: { canary: 'first', promotion },
      });
      const make = (version: string): Promise<string> =>
        makeDebianPackage(folder, {
          ...{ name: 'shop', version, conffiles: ['/etc/shop.conf'] },
          files: { 'usr/share/shop/version': version, 'etc/shop.conf': `# of ${version}\n` },
        });
      const files = await Promise.all(['1.0', '2.0'].map(make));
      await Promise.all(pod.servers.map((server) => server.offerPackages(files)));
      const look = (): Promise<string[]> =>
        pod.all(
          "dpkg-query -W -f '${db:Status-Status} ${Version}\\n' shop; cat /usr/share/shop/version /etc/shop.conf",
        );
      const packages = (changes: Partial<Component>): { components: Component[] } => ({
        components: [{ name: 'packages', installer: 'deb', ...changes }],
      });
      const is = (version: string): string[] =>
        pod.servers.map(() => `installed ${version}\n${version}# of ${version}\n`);

      const one = await pod.serves('1', packages({ packages: ['shop=1.0'] }));
      expect(await look()).toEqual(is('1.0'));
      await pod.settledOn(one);

      const bad = await pod.publish('2', { ...packages({ packages: ['shop=2.0'] }), checks: [...failing] });
      expect(await pod.ended(bad)).toMatchObject({ state: 'RolledBack', failure: { step: 'Verifying' } });
      expect(await look()).toEqual(is('1.0'));
      await pod.settledOn(one);

      const file = await readFile(await make('3.0'));
      offered.set('/shop.deb', file);
      const { port } = elsewhere.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/shop.deb`;
      const wrong = await pod.publish('3', packages({ url, sha256: 'a'.repeat(64) }));
      expect(await pod.ended(wrong)).toMatchObject({
        state: 'RolledBack',
        failure: { step: 'Installing', code: 'INSTALL.SOURCE_MISMATCH' },
      });
      const sha256 = createHash('sha256').update(file).digest('hex');
      const three = await pod.serves('3', packages({ url, sha256 }));
      expect(await look()).toEqual(is('3.0'));
      await pod.settledOn(three);
    },
  );

  it.each(['replicate', 'install'] as const)(
    'has the schema of one version in the database of each server, and goes back with it: %s',
    async (promotion) => {
      const data = { name: 'data', driver: 'database', engine: 'postgresql', database: 'shop' } as const;
      pod = await DebianPod.of(scene, {
        ...{ names: ['web1', 'web2'], packages: ['postgresql'] },
        state: { driver: 'tree', parts: [data] },
        policy: { canary: 'first', promotion },
      });
      await pod.all(`set -e
        pg_lsclusters -h | grep -q . || pg_createcluster 15 main >/dev/null
        pg_ctlcluster 15 main start || :
        runuser -u postgres -- createdb shop`);
      const sql = (script: string, changes: Partial<Component>): object => ({
        components: [
          {
            ...{ name: 'schema', installer: 'sql', engine: 'postgresql', database: 'shop' },
            ...{ script: 'sql/schema.sql', ...changes },
          },
        ],
        scripts: { 'sql/schema.sql': script },
      });
      const columns = (): Promise<string[]> =>
        pod.all(
          `runuser -u postgres -- psql -XAtc "SELECT column_name FROM information_schema.columns
             WHERE table_name = 'prices' ORDER BY 1" shop | tr '\\n' ' '`,
        );
      const all = (text: string): string[] => pod.servers.map(() => text);

      const one = await pod.serves('1', sql('CREATE TABLE prices (item text);\n', { version: '1' }));
      expect(await columns()).toEqual(all('item '));
      await pod.settledOn(one);

      const second = sql('ALTER TABLE prices ADD COLUMN tax integer;\n', {
        ...{ version: '2', expectedVersion: '1' },
      });
      const bad = await pod.publish('2', { ...second, checks: [...failing] });
      expect(await pod.ended(bad)).toMatchObject({ state: 'RolledBack', failure: { step: 'Verifying' } });
      expect(await columns()).toEqual(all('item '));
      await pod.settledOn(one);

      const two = await pod.serves('2', second);
      expect(await columns()).toEqual(all('item tax '));
      await pod.settledOn(two);
      const back = await pod.ended(await pod.publisher.goBack(pod.name, 1));
      expect(back, JSON.stringify(back.failure)).toMatchObject({ state: 'Succeeded' });
      expect(await columns()).toEqual(all('item '));
      await pod.settledOn(one);
    },
  );
});
