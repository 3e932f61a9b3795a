import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { appendFile, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { PodSpec } from '@podway/contracts';
import { startDemoPod, type DemoPod } from '../../../apps/podway/src/demo/demo-pod.js';
import { site, writeBundle } from '../bundles.js';
import { publicPart } from './key-pair.js';
import { Place } from './place.js';
import { StandIns } from './stand-ins.js';

/** Somebody who does what the pages say, with what they suppose to be there. */
export interface Reader {
  readonly place: Place;
  standIns(): Promise<StandIns>;
  close(): Promise<void>;
}

/** Who has just cloned the repository, typed `npm start`, and has a server of their own. */
export async function newcomer(folder: string, cli: string): Promise<Reader> {
  const place = await Place.make(folder, cli, { options: ['--demo'] });
  const own = await startDemoPod(join(folder, 'own'), 1);
  await writePods(place, [named(own, 'site', { client: 'me', hosts: ['www.example.org'] })]);
  return await reading(place, [own]);
}

/** Who runs Podway for acme, with a database of their own, a shop in two regions, and a blog whose updates are approved. */
export async function operator(folder: string, cli: string, databaseUrl: string): Promise<Reader> {
  const place = await Place.make(folder, cli, { env: { DATABASE_URL: databaseUrl } });
  const servers = { shop: 2, blog: 1, 'shop-eu': 1, 'shop-us': 1, site: 1 };
  const pods = await Promise.all(
    Object.entries(servers).map(async ([name, count]) => {
      const pod = await startDemoPod(join(folder, name), count);
      const policy = name === 'blog' ? { policy: { approval: { replication: 'required' as const } } } : {};
      const hosts = [name === 'site' ? 'www.example.org' : `${name}.localhost`];
      return { pod, spec: named(pod, name, { client: 'acme', hosts, ...policy }) };
    }),
  );
  await writePods(
    place,
    pods.map(({ spec }) => spec),
    [{ name: 'storefront', client: 'acme', pods: ['shop-eu', 'shop-us'] }],
  );
  await writeBundle(join(place.work, 'site'), { version: '1.4.0', files: site('1.4.0') });
  await appendFile(join(place.work, 'site/podway.yaml'), 'target: { pod: shop }\n');
  await writeFile(join(place.work, 'acme-public.pem'), publicPart());
  return await reading(
    place,
    pods.map(({ pod }) => pod),
  );
}

function named(pod: DemoPod, name: string, change: Partial<PodSpec>): PodSpec {
  return { ...pod.spec, name, state: { driver: 'tree', keep: 20 }, checks: [{ probe: 'http' }], ...change };
}

async function writePods(place: Place, pods: PodSpec[], resources: object[] = []): Promise<void> {
  await writeFile(
    join(place.work, 'pods.yaml'),
    stringify({ apiVersion: 'podway/v1', pods, ...(resources.length > 0 ? { resources } : {}) }),
  );
}

async function reading(place: Place, pods: readonly DemoPod[]): Promise<Reader> {
  const hooks = await startHooks();
  await mkdir(join(place.folder, 'home'), { recursive: true });
  await place.start();
  await copyFile(join(place.work, '.podway/admin.key'), join(place.work, 'key.txt'));
  return {
    place,
    async standIns() {
      const { port } = hooks.address() as AddressInfo;
      return new StandIns(place, await place.admin(), `http://127.0.0.1:${port}`);
    },
    async close() {
      await place.stop();
      for (const pod of pods) await pod.stop();
      hooks.closeAllConnections();
      hooks.close();
    },
  };
}

/** Takes every event that a webhook sends. */
async function startHooks(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
