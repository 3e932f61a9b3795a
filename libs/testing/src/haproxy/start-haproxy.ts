import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@podway/persistence/embedded';
import { guardFolder } from '../orphan-guard.js';

/** Where Debian puts it. */
const program = '/usr/sbin/haproxy';
const startTimeoutMs = 10_000;

export interface HaproxyOptions {
  /** Servers of each backend: name -> `http://127.0.0.1:8080`. The first backend takes the accesses. */
  backends: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Name -> more words of the server's line: `disabled`, `check`. */
  serverOptions?: Readonly<Record<string, string>>;
  /** More lines of each backend. */
  backendLines?: readonly string[];
  /** Level of its runtime API. Default `admin`. */
  level?: 'admin' | 'operator';
  threads?: number;
}

/** A private HAProxy for tests, in a temporary folder. Port and sockets stay the same over restarts. */
export interface TestHaproxy {
  /** Where it takes accesses. */
  readonly url: string;
  readonly port: number;
  /** Of the process now; changes with every start. */
  readonly pid: number | undefined;
  /** Its runtime API, as a path and as `tcp://…`. */
  readonly socket: string;
  readonly tcpSocket: string;
  /** One line to the runtime API, and its answer. */
  tell(line: string): Promise<string>;
  /** The servers of a backend that are in maintenance, by name. */
  inMaintenance(backend: string): Promise<string[]>;
  /** kill -9. It stays down until {@link start}. */
  kill(): Promise<void>;
  /** Starts it with nothing that it knew before. */
  start(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

class PrivateHaproxy implements TestHaproxy {
  private child: ChildProcess | undefined;
  private tail = '';
  readonly socket: string;

  constructor(
    private readonly folder: string,
    readonly port: number,
    private readonly apiPort: number,
    private readonly dismissGuard: () => void,
  ) {
    this.socket = join(folder, 'admin.sock');
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get tcpSocket(): string {
    return `tcp://127.0.0.1:${this.apiPort}`;
  }

  async lay({
    backends,
    serverOptions = {},
    backendLines = [],
    level = 'admin',
    threads = 2,
  }: HaproxyOptions) {
    const lines = Object.entries(backends).flatMap(([name, servers]) => [
      `backend ${name}`,
      '  balance roundrobin',
      ...backendLines.map((line) => `  ${line}`),
      ...Object.entries(servers).map(
        ([server, url]) => `  server ${server} ${new URL(url).host} ${serverOptions[server] ?? ''}`,
      ),
    ]);
    const config = [
      'global',
      `  nbthread ${threads}`,
      `  stats socket ${this.socket} mode 600 level ${level}`,
      `  stats socket ipv4@127.0.0.1:${this.apiPort} level ${level}`,
      'defaults',
      '  mode http',
      '  timeout connect 2s',
      '  timeout client 60s',
      '  timeout server 60s',
      'frontend accesses',
      `  bind 127.0.0.1:${this.port}`,
      `  default_backend ${Object.keys(backends)[0]}`,
      ...lines,
      '',
    ];
    await writeFile(join(this.folder, 'haproxy.cfg'), config.join('\n'));
  }

  async start(): Promise<void> {
    if (this.child) return;
    const child = spawn(program, ['-f', 'haproxy.cfg', '-db'], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.tail = `${this.tail}${chunk.toString()}`.slice(-4_000)));
    const giveUp = Date.now() + startTimeoutMs;
    while (
      !(await this.tell('show info').then(
        (info) => info.includes(`Pid: ${child.pid}`),
        () => false,
      ))
    ) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > giveUp)
        throw new Error(`HAProxy did not start: ${this.tail}`);
      await sleep(10);
    }
  }

  tell(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const connection = connect(this.socket);
      let reply = '';
      connection.on('data', (chunk) => (reply += chunk.toString()));
      connection.on('error', reject).on('close', () => resolve(reply));
      connection.write(`${line}\n`);
    });
  }

  async inMaintenance(backend: string): Promise<string[]> {
    const reply = await this.tell(`show stat ${backend} 4 -1`);
    const rows = reply.split('\n').map((line) => line.split(','));
    return rows.filter((row) => row[17] === 'MAINT').map((row) => row[1] ?? '');
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.kill();
    this.dismissGuard();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Starts at once. Needs Debian's package `haproxy`. */
export async function startHaproxy(options: HaproxyOptions): Promise<TestHaproxy> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-haproxy-')));
  const haproxy = new PrivateHaproxy(folder, await freePort(), await freePort(), guardFolder(folder));
  try {
    await haproxy.lay(options);
    await haproxy.start();
    return haproxy;
  } catch (error) {
    await haproxy.stop();
    throw error;
  }
}
