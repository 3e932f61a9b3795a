import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ApiKeys, connectDatabase, EmbeddedPostgres, migrate } from '@podway/persistence';
import {
  CommonSettings,
  createLogger,
  environmentWith,
  listenForHealth,
  openInfrastructure,
  readSettings,
  startService,
  startWatching,
  type Infrastructure,
  type RunningService,
  type Watching,
} from '@podway/service-kit';
import { ensureAdminKey } from './admin-key.js';
import { AllInOneSettings } from './all-in-one.config.js';
import { loadService, serviceNames } from './services.js';

/** Every service in this process. */
export interface AllInOne {
  readonly adminKey: string;
  readonly dataDir: string;
  /** Whether every service can do its work. */
  ready(): Promise<boolean>;
  /** Ends the services in the reverse order, then what they stand on. */
  stop(): Promise<void>;
}

/** Starts all services on embedded parts; on `DATABASE_URL` and `AMQP_URL` where they are set. */
export async function startAllInOne(replaced: Readonly<Record<string, string>> = {}): Promise<AllInOne> {
  const own = readSettings(AllInOneSettings, environmentWith(replaced));
  const dataDir = resolve(own.dataDir);
  const ending: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ending.splice(0).reverse()) await end();
  };
  try {
    const databaseUrl = own.databaseUrl ?? (await startPostgres(own, dataDir, ending));
    const env = environmentWith({
      PODWAY_ARTIFACTS_DIR: join(dataDir, 'artifacts'),
      PODWAY_LOG_LEVEL: own.logLevel,
      ...replaced,
      DATABASE_URL: databaseUrl,
    });
    const logger = createLogger('podway', own.logLevel);
    const adminKey = await prepareDatabase(databaseUrl, join(dataDir, 'admin.key'));
    const common = readSettings(CommonSettings, env);
    const watching = await startWatching(common);
    ending.push(() => watching.tracing.stop());
    const infrastructure = await openInfrastructure(common, 'all-in-one', logger);
    ending.push(() => infrastructure.close());
    const services = await startServices({ infrastructure, env, logLevel: own.logLevel, watching }, ending);
    const ready = async (): Promise<boolean> =>
      (await Promise.all(services.map((one) => one.ready()))).every(Boolean);
    if (common.healthPort !== undefined) {
      const at = { host: common.healthHost, port: common.healthPort };
      const health = await listenForHealth(ready, at, logger, watching.registry);
      ending.push(() => health.close());
    }
    return { adminKey, dataDir, ready, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startPostgres(
  own: AllInOneSettings,
  dataDir: string,
  ending: (() => Promise<void>)[],
): Promise<string> {
  // Others may pass, but not look: started by root, the database runs as another user.
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const postgres = new EmbeddedPostgres({
    folder: join(dataDir, 'postgres'),
    port: own.postgresPort || undefined,
  });
  await postgres.start();
  ending.push(() => postgres.stop());
  return postgres.url();
}

/** Migrates, and makes sure that there is an admin. Returns the admin's key. */
export async function prepareDatabase(databaseUrl: string, keyFile: string): Promise<string> {
  const dataSource = await connectDatabase({
    url: databaseUrl,
    applicationName: 'podway migrate',
    poolSize: 2,
  });
  try {
    await migrate(dataSource);
    return await ensureAdminKey(new ApiKeys(dataSource), keyFile);
  } finally {
    await dataSource.destroy();
  }
}

async function startServices(
  {
    infrastructure,
    env,
    logLevel,
    watching,
  }: { infrastructure: Infrastructure; env: NodeJS.ProcessEnv; logLevel: string; watching: Watching },
  ending: (() => Promise<void>)[],
): Promise<RunningService[]> {
  const services: RunningService[] = [];
  for (const name of serviceNames) {
    const definition = await loadService(name);
    const settings = readSettings(definition.settings, env);
    const context = { settings, infrastructure, logger: createLogger(name, logLevel) };
    const service = await startService(definition, context, watching);
    ending.push(() => service.stop());
    services.push(service);
  }
  return services;
}
