import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { services, type ServiceName } from '@podway/contracts';
import { ApiKeys, connectDatabase, migrate } from '@podway/persistence';
import { freePort } from '@podway/persistence/embedded';
import { startPostgres, type TestPostgres } from '../postgres/index.js';
import { startRabbitMq, type TestRabbitMq } from '../rabbitmq/index.js';
import { ensurePackages } from './debian-packages.js';
import { ServiceProcess } from './service-process.js';

export interface FleetOptions {
  /** A broker to use. Default: a private RabbitMQ. */
  amqpUrl?: string;
  /** Its management API, with user and password. A private RabbitMQ has its own. */
  amqpManagementUrl?: string;
  /** A database to use. Default: a private PostgreSQL. */
  databaseUrl?: string;
  /** How many of each service. Default 1. */
  scale?: Partial<Record<ServiceName, number>>;
  /** More settings, for every service. */
  env?: Record<string, string>;
  /** Default: free ones. */
  apiPort?: number;
  accessPort?: number;
  /** Folder for artifacts and logs that stays. Default: a temporary one that goes. */
  folder?: string;
  /** Told what happens at the start. */
  tell?: (line: string) => void;
}

/** Every service as a process of its own, over a real RabbitMQ and PostgreSQL. */
export class Fleet {
  readonly processes: ServiceProcess[] = [];
  rabbit: TestRabbitMq | undefined;
  postgres: TestPostgres | undefined;
  adminKey = '';
  folder = '';
  private apiPort = 0;
  private accessPort = 0;
  private env: Record<string, string> = {};

  private constructor(private readonly options: FleetOptions) {}

  static async start(options: FleetOptions = {}): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      await fleet.startAll();
      return fleet;
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  get accessUrl(): string {
    return `http://127.0.0.1:${this.accessPort}`;
  }

  get databaseUrl(): string {
    return this.env.DATABASE_URL ?? '';
  }

  get amqpUrl(): string {
    return this.env.AMQP_URL ?? '';
  }

  /** The processes of a service. */
  of(service: ServiceName): ServiceProcess[] {
    return this.processes.filter((one) => one.options.service === service);
  }

  /** Starts copies of a service, or ends some, until there are `count`. */
  async scale(service: ServiceName, count: number): Promise<void> {
    const running = this.of(service);
    for (const extra of running.slice(count)) {
      await extra.end();
      this.processes.splice(this.processes.indexOf(extra), 1);
    }
    const missing = Array.from({ length: Math.max(0, count - running.length) }, (_, index) =>
      this.launch(service, running.length + index + 1),
    );
    await Promise.all(missing);
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.end()));
    await this.rabbit?.stop();
    await this.postgres?.stop();
    if (!this.options.folder && this.folder) await rm(this.folder, { recursive: true, force: true });
  }

  private async startAll(): Promise<void> {
    const tell = this.options.tell ?? ((): void => undefined);
    const { folder } = this.options;
    // The services run elsewhere, so a path that is relative would be another for them.
    this.folder =
      folder === undefined ? await realpath(await mkdtemp(join(tmpdir(), 'podway-fleet-'))) : resolve(folder);
    await mkdir(join(this.folder, 'logs'), { recursive: true });
    const { amqpUrl, databaseUrl } = await this.startParts(tell);
    this.apiPort = this.options.apiPort ?? (await freePort());
    this.accessPort = this.options.accessPort ?? (await freePort());
    this.env = {
      DATABASE_URL: databaseUrl,
      AMQP_URL: amqpUrl,
      PODWAY_ARTIFACTS_DIR: join(this.folder, 'artifacts'),
      PODWAY_API_PORT: String(this.apiPort),
      PODWAY_ACCESS_PORT: String(this.accessPort),
      ...this.options.env,
    };
    const managementUrl = this.options.amqpManagementUrl ?? this.rabbit?.managementUrl;
    if (managementUrl !== undefined) this.env.PODWAY_AMQP_MANAGEMENT_URL ??= managementUrl;
    this.adminKey = await this.prepareDatabase(databaseUrl);
    tell('starting the services');
    await Promise.all(services.map((service) => this.scale(service, this.options.scale?.[service] ?? 1)));
    tell(`ready: API ${this.apiUrl}, accesses ${this.accessUrl}`);
  }

  private async startParts(tell: (line: string) => void): Promise<{ amqpUrl: string; databaseUrl: string }> {
    const { amqpUrl, databaseUrl } = this.options;
    if (amqpUrl === undefined) {
      await ensurePackages(['rabbitmq-server'], tell);
      tell('starting a private RabbitMQ');
      this.rabbit = await startRabbitMq({ management: true });
    }
    if (databaseUrl === undefined) {
      tell('starting a private PostgreSQL');
      this.postgres = await startPostgres();
    }
    return {
      amqpUrl: amqpUrl ?? this.rabbit?.url ?? '',
      databaseUrl: databaseUrl ?? (await this.postgres?.createDatabase()) ?? '',
    };
  }

  private async prepareDatabase(url: string): Promise<string> {
    const dataSource = await connectDatabase({ url, poolSize: 2, applicationName: 'podway migrate' });
    try {
      await migrate(dataSource);
      const text = `pw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
      await new ApiKeys(dataSource).ensure(text, { client: '*', role: 'admin', note: 'of the fleet' });
      return text;
    } finally {
      await dataSource.destroy();
    }
  }

  private async launch(service: ServiceName, number: number): Promise<void> {
    const started = await ServiceProcess.start({
      service,
      name: number === 1 ? service : `${service}-${number}`,
      env: this.env,
      logs: join(this.folder, 'logs'),
    });
    this.processes.push(started);
  }
}
