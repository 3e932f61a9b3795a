import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { PodSpec, validated, type BalancerSpec } from '@podway/contracts';
import { connectDatabase, migrate, Rotation, RotationHold, type Database } from '@podway/persistence';
import { startHaproxy, type HaproxyOptions, type TestHaproxy } from '@podway/testing/haproxy';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { HaproxyLoadBalancer } from '../src/haproxy/haproxy-load-balancer.js';
import { WebServer } from './web-server.js';

/** For each test an empty rotation, three servers, and a real HAProxy in front of them as backend `shop`. */
export function haproxyScene() {
  let postgres: TestPostgres;
  let database: Database;
  let url = '';
  let servers: WebServer[] = [];
  let proxies: TestHaproxy[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await connectDatabase({ url });
    await migrate(database);
  });
  afterAll(async () => {
    await database?.destroy();
    await postgres?.stop();
  });
  beforeEach(async () => {
    await database.query('truncate ingress.rotation, ingress.rotation_fences, coordinator.server_status');
    servers = await Promise.all(['web1', 'web2', 'web3'].map((name) => WebServer.start(name)));
    proxies = [];
    await scene.another();
  });
  afterEach(async () => {
    await Promise.all([...servers, ...proxies].map((one) => one.stop()));
  });

  const scene = {
    /** One more HAProxy in front of the servers. */
    async another(options: Partial<HaproxyOptions> = {}): Promise<TestHaproxy> {
      const shop = Object.fromEntries(servers.map(({ name, url: at }) => [name, at]));
      const proxy = await startHaproxy({ backends: { shop }, ...options });
      proxies.push(proxy);
      return proxy;
    },
    server: (index: number): WebServer => servers[index] as WebServer,
    proxy: (index = 0): TestHaproxy => proxies[index] as TestHaproxy,
    database: (): Database => database,
    databaseUrl: (): string => url,
    rotation: (): Rotation => new Rotation(database),
    /** Its worker is a process of its own as far as HAProxy and the table can tell. */
    balancer: (): HaproxyLoadBalancer =>
      new HaproxyLoadBalancer(new Rotation(database), new RotationHold(database)),
    pod(balancer: Partial<BalancerSpec> = {}): PodSpec {
      return validated(PodSpec, {
        ...{ name: 'shop', client: 'acme', path: '/srv/shop', state: { driver: 'tree' } },
        servers: servers.map(({ name, url: http }) => ({ name, local: true, http })),
        balancer: {
          ...{ kind: 'haproxy', backend: 'shop', timeoutMs: 1_000 },
          sockets: proxies.map((proxy) => proxy.socket),
          ...balancer,
        },
      });
    },
  };
  return scene;
}

/** `web1: false` is out of rotation. */
export function changes(to: Record<string, boolean>): Map<string, boolean> {
  return new Map(Object.entries(to));
}
