import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { appendFile, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodSpec } from '@podway/contracts';
import { SshServers } from '@podway/testing/ssh-servers';
import { startDemoPod, type DemoPod } from '../../../apps/podway/src/demo/demo-pod.js';
import { site, writeBundle } from '../bundles.js';
import { BackUp } from './back-up.js';
import { writePods } from './described-pods.js';
import { FailedRollBacks, withOrders } from './failed-roll-backs.js';
import { publicPart } from './key-pair.js';
import { OperatorsOwn, type Parts } from './operators-own.js';
import { ownCluster } from './own-database.js';
import { Place } from './place.js';
import { StandIns, type Own } from './stand-ins.js';

/** Somebody who does what the pages say, with what they suppose to be there. */
export interface Reader {
  readonly place: Place;
  standIns(): Promise<StandIns>;
  close(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

/** Who has just cloned the repository, typed `npm start`, and has a server of their own. */
export async function newcomer(folder: string, cli: string): Promise<Reader> {
  const place = await Place.make(folder, cli, { command: 'npm start' });
  const servers = await ownServers();
  await writePods(place, []);
  await place.start();
  const backUp = await BackUp.make(place);
  return await reading(place, { servers, own: backUp.own, parts: [servers, backUp] });
}

/**
 * Who runs Podway for acme, with a database and a RabbitMQ of their own, a shop in two regions, a blog whose updates are
 * approved, and two PODs with bad luck.
 */
export async function operator(folder: string, cli: string, parts: Omit<Parts, 'servers'>): Promise<Reader> {
  const { postgres, rabbit } = parts;
  const place = await Place.make(folder, cli, {
    command: `exec ${process.execPath} apps/podway/dist/main.js`,
    env: {
      DATABASE_URL: postgres.url(),
      AMQP_URL: rabbit.url,
      PODWAY_AMQP_MANAGEMENT_URL: rabbit.managementUrl,
    },
  });
  const orders = await ownCluster('orders');
  const approval = { policy: { approval: { replication: 'required' as const } } };
  const changes: Record<string, Partial<PodSpec>> = {
    blog: approval,
    orders: { state: withOrders(orders) },
  };
  const servers = { shop: 2, blog: 1, 'shop-eu': 1, 'shop-us': 1, press: 1, orders: 1 };
  const pods = await Promise.all(
    Object.entries(servers).map(async ([name, count]) => {
      const pod = await startDemoPod(join(folder, name), count);
      const hosts = [`${name}.localhost`];
      return { pod, spec: named(pod, name, { client: 'acme', hosts, ...changes[name] }) };
    }),
  );
  const ssh = await ownServers();
  await writePods(
    place,
    [...pods.map(({ spec }) => spec), siteOf(ssh)],
    [{ name: 'storefront', client: 'acme', pods: ['shop-eu', 'shop-us'] }],
  );
  await writeBundle(join(place.work, 'site'), { version: '1.4.0', files: site('1.4.0') });
  await appendFile(join(place.work, 'site/podway.yaml'), 'target: { pod: shop }\n');
  await writeFile(join(place.work, 'acme-public.pem'), publicPart());
  await place.start();
  const failed = new FailedRollBacks(place, orders, join(folder, 'press/web1'));
  const own = await OperatorsOwn.make(place, { ...parts, servers: ssh }, failed);
  return await reading(place, {
    servers: ssh,
    own: own.own,
    parts: [own, orders, ssh, ...pods.map(({ pod }) => pod)],
  });
}

function named(pod: DemoPod, name: string, change: Partial<PodSpec>): PodSpec {
  return { ...pod.spec, name, state: { driver: 'tree', keep: 20 }, checks: [{ probe: 'http' }], ...change };
}

/** Two web servers that are reached over SSH. */
function ownServers(): Promise<SshServers> {
  return SshServers.start({ names: ['web1', 'web2'], sites: true });
}

/** The POD `site` before any page has described it. */
function siteOf(group: SshServers): PodSpec {
  return {
    ...{ name: 'site', client: 'acme', hosts: ['www.example.org'], path: '/srv/site' },
    servers: group.servers.map((server) => server.spec()),
    state: { driver: 'tree' },
  };
}

interface Belongings {
  readonly servers: SshServers;
  readonly own: Own;
  /** What ends with the reader. */
  readonly parts: readonly Stoppable[];
}

/** Podway runs at the place. */
async function reading(place: Place, { servers, own, parts }: Belongings): Promise<Reader> {
  const hooks = await startHooks();
  await mkdir(join(place.folder, 'home'), { recursive: true });
  await copyFile(join(place.work, '.podway/admin.key'), join(place.work, 'key.txt'));
  return {
    place,
    async standIns() {
      const { port } = hooks.address() as AddressInfo;
      return new StandIns(place, {
        ...{ admin: await place.admin(), hookUrl: `http://127.0.0.1:${port}`, servers, own },
      });
    },
    async close() {
      await place.stop();
      for (const part of parts) await part.stop();
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
