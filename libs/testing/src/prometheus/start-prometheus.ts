import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@podway/persistence/embedded';
import { guardFolder } from '../orphan-guard.js';

/** Where Debian puts it. */
const program = '/usr/bin/prometheus';
const startTimeoutMs = 20_000;

export interface PrometheusOptions {
  /** The label `job`. Default `servers`. */
  job?: string;
  /** `host:port` of what is scraped at `/metrics`. The label `instance` has it. */
  targets: readonly string[];
  /** Default 200. */
  scrapeEveryMs?: number;
}

export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A private Prometheus for tests, in a temporary folder. */
export interface TestPrometheus {
  readonly url: string;
  /** The values of a query now, each with its labels. Rejects with what Prometheus says is wrong with it. */
  query(expression: string): Promise<PrometheusSample[]>;
  /** How many targets were scraped, as it says itself. */
  scraped(): Promise<number>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts it, and resolves once it has scraped every target. Needs Debian's package `prometheus`. */
export async function startPrometheus(options: PrometheusOptions): Promise<TestPrometheus> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-prometheus-')));
  const prometheus = new PrivatePrometheus(folder, await freePort(), guardFolder(folder));
  try {
    await prometheus.start(options);
    return prometheus;
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
}

interface PrometheusAnswer {
  data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
  error?: string;
}

class PrivatePrometheus implements TestPrometheus {
  private child: ChildProcess | undefined;
  private tail = '';

  constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly dismissGuard: () => void,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start({ targets, scrapeEveryMs = 200, job = 'servers' }: PrometheusOptions): Promise<void> {
    // JSON is YAML.
    const config = {
      global: { scrape_interval: `${scrapeEveryMs}ms`, scrape_timeout: `${scrapeEveryMs}ms` },
      scrape_configs: [{ job_name: job, static_configs: [{ targets }] }],
    };
    await writeFile(join(this.folder, 'prometheus.yml'), JSON.stringify(config));
    const options = [
      `--config.file=${join(this.folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(this.folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${this.port}`,
    ];
    const child = spawn(program, options, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.tail = `${this.tail}${chunk.toString()}`.slice(-4_000)));
    const giveUp = Date.now() + startTimeoutMs;
    while ((await this.scraped().catch(() => 0)) < targets.length) {
      if (child.exitCode !== null || child.signalCode !== null || Date.now() > giveUp)
        throw new Error(`Prometheus did not start: ${this.tail}`);
      await sleep(50);
    }
  }

  async scraped(): Promise<number> {
    const [up] = await this.query('count(up==1)');
    return up?.value ?? 0;
  }

  async query(expression: string): Promise<PrometheusSample[]> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data, error } = (await answer.json()) as PrometheusAnswer;
    if (!data) throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    this.dismissGuard();
    await rm(this.folder, { recursive: true, force: true });
  }
}
