import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PodwayError, type ServiceName } from '@podway/contracts';
import { freePort } from '@podway/persistence/embedded';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** The command that starts a service, here as in the container image: relative to the repository's root. */
export function startCommand(service: ServiceName): string[] {
  return ['node', `apps/${service}/dist/main.js`];
}

/** A service of the fleet did not become ready. */
export class ServiceStartError extends PodwayError {
  constructor(name: string, why: string) {
    super('FLEET.SERVICE_START_FAILED', `${name} did not become ready: ${why}`);
  }
}

export interface ServiceProcessOptions {
  readonly service: ServiceName;
  /** Name of this copy: `installer-agent-2`. */
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Folder of the log files. */
  readonly logs: string;
}

/** One service as a process of its own. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  private tail = '';

  private constructor(
    readonly options: ServiceProcessOptions,
    private readonly healthPort: number,
  ) {}

  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const service = new ServiceProcess(options, await freePort());
    await service.start();
    return service;
  }

  get name(): string {
    return this.options.name;
  }

  /** Where /livez, /readyz and /metrics are: `host:port`. */
  get healthAddress(): string {
    return `127.0.0.1:${this.healthPort}`;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    if (this.running) return;
    const [, main = ''] = startCommand(this.options.service);
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [main], {
      cwd: root,
      env: { PATH, HOME, ...this.options.env, PODWAY_HEALTH_PORT: String(this.healthPort) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const log = createWriteStream(join(this.options.logs, `${this.name}.log`), { flags: 'a' });
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(log, { end: false });
      stream.on('data', (chunk: Buffer) => (this.tail = `${this.tail}${chunk.toString()}`.slice(-4_000)));
    }
    child.once('close', () => log.end());
    await this.untilReady(180_000);
  }

  async untilReady(timeoutMs: number): Promise<void> {
    const giveUp = Date.now() + timeoutMs;
    while (!(await this.ready())) {
      if (!this.running) throw new ServiceStartError(this.name, this.tail);
      if (Date.now() > giveUp)
        throw new ServiceStartError(this.name, `not ready in ${timeoutMs} ms: ${this.tail}`);
      await sleep(50);
    }
  }

  async ready(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.healthPort}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  }

  /** Ends it and waits: SIGTERM drains, SIGKILL does not ask. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const { child } = this;
    if (!child || !this.running) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** Stops it in time, or lets it go on. */
  pause(paused: boolean): void {
    this.child?.kill(paused ? 'SIGSTOP' : 'SIGCONT');
  }
}
