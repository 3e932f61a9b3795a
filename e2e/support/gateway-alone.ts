import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeys, connectDatabase, Inventory, migrate } from '@podway/persistence';
import { freePort } from '@podway/persistence/embedded';
import { ServiceProcess } from '@podway/testing/fleet';
import { startPostgres } from '@podway/testing/postgres';

/** A gateway as a process of its own, with POD `shop` of client `acme` and nothing behind it: updates wait. */
export interface GatewayAlone {
  readonly api: string;
  /** Of a publisher of `acme`. */
  readonly key: string;
  readonly databaseUrl: string;
  readonly process: ServiceProcess;
  /** With `artifacts` in it. */
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startGatewayAlone(env: Record<string, string> = {}): Promise<GatewayAlone> {
  const folder = await mkdtemp(join(tmpdir(), 'podway-gateway-'));
  const postgres = await startPostgres();
  const url = await postgres.createDatabase();
  const database = await connectDatabase({ url, poolSize: 2 });
  await migrate(database);
  const { text: key } = await new ApiKeys(database).create({ client: 'acme', role: 'publisher' });
  const server = { name: 'web1', local: true, http: 'http://127.0.0.1:9' };
  const state = { driver: 'tree' } as const;
  await new Inventory(database).apply(
    [{ name: 'shop', client: 'acme', path: '/srv/shop', servers: [server], state }],
    'test',
  );
  await database.destroy();
  const [apiPort, accessPort] = [await freePort(), await freePort()];
  await mkdir(join(folder, 'logs'));
  const process = await ServiceProcess.start({
    service: 'ingress-gateway',
    name: 'ingress-gateway',
    logs: join(folder, 'logs'),
    env: {
      DATABASE_URL: url,
      PODWAY_ARTIFACTS_DIR: join(folder, 'artifacts'),
      PODWAY_API_PORT: String(apiPort),
      PODWAY_ACCESS_PORT: String(accessPort),
      ...env,
    },
  });
  return {
    ...{ api: `http://127.0.0.1:${apiPort}`, key, databaseUrl: url, process, folder },
    async stop() {
      await process.end();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
