import type { ChildProcess } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardFolder } from '../orphan-guard.js';
import { greets } from './amqp-greeting.js';
import { RabbitMqStartError } from './rabbitmq.errors.js';
import {
  launchNameService,
  launchServer,
  layOut,
  logTail,
  type NodeLayout,
  type NodeOptions,
} from './rabbitmq-node.js';

/** A private RabbitMQ for tests, in a temporary folder. Port and URL stay the same over restarts. */
export interface TestRabbitMq {
  readonly url: string;
  readonly port: number;
  /** Of the management API, with user and password; empty without the plugin. */
  readonly managementUrl: string;
  /** Of the server process now; changes with every start. */
  readonly pid: number | undefined;
  /** Clean end and new start. */
  restart(): Promise<void>;
  /** kill -9. It stays down until {@link start}. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

/** Whether the management API can be asked: it comes up after AMQP. */
function managementAnswers(url: string): Promise<boolean> {
  const { origin, username, password } = new URL(url);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return fetch(`${origin}/api/overview`, { headers: { authorization } }).then(
    async (response) => (await response.arrayBuffer(), response.ok),
    () => false,
  );
}

class PrivateRabbitMq implements TestRabbitMq {
  private server: ChildProcess | undefined;
  private nameService: ChildProcess | undefined;

  constructor(
    private readonly layout: NodeLayout,
    private readonly dismissGuard: () => void,
  ) {}

  get url(): string {
    return this.layout.url;
  }

  get port(): number {
    return this.layout.port;
  }

  get managementUrl(): string {
    return this.layout.managementUrl ?? '';
  }

  get pid(): number | undefined {
    return this.server?.pid;
  }

  async start(): Promise<void> {
    if (this.server) return;
    this.nameService ??= await launchNameService(this.layout);
    const server = await launchServer(this.layout);
    this.server = server;
    const giveUp = Date.now() + startTimeoutMs;
    while (!(await this.answers())) {
      if (server.exitCode !== null || server.signalCode !== null || Date.now() > giveUp) {
        throw new RabbitMqStartError(this.layout.folder, await logTail(this.layout));
      }
      await sleep(50);
    }
  }

  private async answers(): Promise<boolean> {
    if (!(await greets(this.layout.port))) return false;
    const { managementUrl } = this.layout;
    return managementUrl === undefined || managementAnswers(managementUrl);
  }

  async restart(): Promise<void> {
    await this.end('SIGTERM');
    await this.start();
  }

  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    this.nameService?.kill('SIGKILL');
    this.dismissGuard();
    await rm(this.layout.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  }
}

/**
 * Starts in a few seconds. Rejects {@link RabbitMqMissingError} where it is not installed.
 * A quorum queue in its first second can lose what it has confirmed when the server is killed (RabbitMQ 3.10): a test
 * that kills declares first and waits; `AmqpBroker.declare` does.
 */
export async function startRabbitMq(options: NodeOptions = {}): Promise<TestRabbitMq> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-rabbitmq-')));
  const dismissGuard = guardFolder(folder);
  let rabbit: PrivateRabbitMq | undefined;
  try {
    rabbit = new PrivateRabbitMq(await layOut(folder, options), dismissGuard);
    await rabbit.start();
    return rabbit;
  } catch (error) {
    await rabbit?.stop();
    dismissGuard();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
