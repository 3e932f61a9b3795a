import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { DirectoryArtifactStore } from '@podway/artifacts';
import type { KeyRole, PodSpec } from '@podway/contracts';
import type { Broker } from '@podway/messaging';
import {
  ApiKeys,
  connectDatabase,
  EventFeed,
  Inventory,
  isDatabaseUnavailable,
  LogFeed,
  migrate,
  OutboxRelay,
  tenantScoped,
} from '@podway/persistence';
import { readSettings, type Infrastructure, type ServiceContext } from '@podway/service-kit';
import { MetricsRegistry, unwatched } from '@podway/telemetry';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { AccessListener } from '../src/accesses/access-listener.js';
import { ApiListener } from '../src/api/api-listener.js';
import { IngressGatewaySettings } from '../src/ingress-gateway.config.js';
import { DocumentedAnswers } from './documented-answers.js';
import { RecordingBroker } from './recording-broker.js';

export interface TestGateway {
  /** `http://127.0.0.1:<port>` of the API. */
  readonly api: string;
  readonly dataSource: Infrastructure['dataSource'];
  readonly databaseUrl: string;
  readonly postgres: TestPostgres;
  readonly broker: RecordingBroker;
  readonly context: ServiceContext<IngressGatewaySettings>;
  readonly artifactsDir: string;
  /** What a scrape of it gets. */
  scraped(): Promise<string>;
  readonly relay: OutboxRelay;
  readonly feed: EventFeed;
  /** Makes a key and returns its text. */
  key(client: string, role: KeyRole, rest?: { pods?: string[]; expiresAt?: Date }): Promise<string>;
  apply(pods: readonly PodSpec[]): Promise<void>;
  /** Another API listener on the same infrastructure: a second gateway. */
  anotherApi(): Promise<ApiListener>;
  startAccesses(settings?: Partial<IngressGatewaySettings>): Promise<AccessListener>;
  /** A second gateway that has one port for the API and for accesses. */
  startShared(
    settings: Partial<IngressGatewaySettings>,
  ): Promise<{ accesses: AccessListener; close(): Promise<void> }>;
  /** Ends the API and starts it again on the same port. */
  restartApi(): Promise<void>;
  stopApi(): Promise<void>;
  close(): Promise<void>;
}

/** The gateway's API on a private Postgres. What ends the test ends all of it, and tells answers that OpenAPI does not have. */
export async function startGateway(
  env: Record<string, string> = {},
  realBroker?: Broker,
): Promise<TestGateway> {
  const postgres = await startPostgres();
  const databaseUrl = postgres.url();
  const dataSource = await connectDatabase({ url: databaseUrl, poolSize: 20 });
  await migrate(dataSource);
  const artifactsDir = await mkdtemp(join(tmpdir(), 'podway-artifacts-'));
  const broker = new RecordingBroker();
  const infrastructure = {
    broker: realBroker ?? broker,
    dataSource,
    databaseUrl,
    artifacts: new DirectoryArtifactStore(artifactsDir),
  } as unknown as Infrastructure;
  const settings = readSettings(IngressGatewaySettings, {
    DATABASE_URL: databaseUrl,
    PODWAY_ARTIFACTS_DIR: artifactsDir,
    PODWAY_API_PORT: '0',
    PODWAY_ACCESS_PORT: '0',
    ...env,
  });
  const registry = new MetricsRegistry({ ofProcess: false });
  const telemetry = { ...unwatched(), metrics: registry.of('ingress-gateway') };
  const context = { settings, infrastructure, logger: pino({ level: 'silent' }), telemetry };
  const relay = new OutboxRelay(dataSource, 'ingress', realBroker ?? broker, ignoreUnavailable);
  const feed = new EventFeed(tenantScoped(dataSource), databaseUrl);
  relay.start();
  feed.start();
  const logFeed = new LogFeed(databaseUrl);
  logFeed.start();
  const parts = { feed, logFeed, relay, isReady: () => true };
  let api = await ApiListener.start(context, parts);
  const answers = new DocumentedAnswers();
  answers.watch(api.port);
  const accesses: AccessListener[] = [];
  const keys = new ApiKeys(dataSource);

  return {
    api: `http://127.0.0.1:${api.port}`,
    dataSource,
    databaseUrl,
    postgres,
    broker,
    context,
    artifactsDir,
    scraped: () => registry.text(),
    relay,
    feed,
    key: async (client, role, rest = {}) => (await keys.create({ client, role, ...rest })).text,
    apply: async (pods) => {
      await new Inventory(dataSource).apply(pods, 'test');
    },
    async anotherApi() {
      const another = await ApiListener.start(context, parts);
      answers.watch(another.port);
      return another;
    },
    async startAccesses(changed = {}) {
      const listener = await AccessListener.start({
        ...context,
        settings: Object.assign(new IngressGatewaySettings(), settings, changed),
      });
      accesses.push(listener);
      return listener;
    },
    async startShared(changed) {
      const own = {
        ...context,
        settings: Object.assign(new IngressGatewaySettings(), settings, changed),
      };
      const sharing = await ApiListener.start(own, parts);
      const listener = await AccessListener.start(own, sharing.handler);
      let closed: Promise<void> | undefined;
      return {
        accesses: listener,
        close: () => (closed ??= sharing.close(listener.close())),
      };
    },
    stopApi: () => api.close(),
    async restartApi() {
      const { port } = api;
      await api.close();
      api = await ApiListener.start(
        { ...context, settings: Object.assign(new IngressGatewaySettings(), settings, { apiPort: port }) },
        parts,
      );
    },
    async close() {
      await api.close();
      for (const listener of accesses) await listener.close();
      await relay.stop();
      await feed.close();
      await logFeed.close();
      await dataSource.destroy();
      await postgres.stop();
      await rm(artifactsDir, { recursive: true, force: true });
      answers.close();
    },
  };
}

function ignoreUnavailable(error: unknown): void {
  if (!isDatabaseUnavailable(error)) throw error;
}

/** A POD whose servers are reached at these addresses. */
export function pod(
  name: string,
  client: string,
  rest: Partial<PodSpec> & { urls?: string[] } = {},
): PodSpec {
  const { urls = ['http://127.0.0.1:9', 'http://127.0.0.1:9', 'http://127.0.0.1:9'], ...spec } = rest;
  return {
    name,
    client,
    path: `/srv/${name}`,
    servers: urls.map((http, index) => ({ name: `s${index + 1}`, local: true, http })),
    state: { driver: 'tree' },
    ...spec,
  };
}
