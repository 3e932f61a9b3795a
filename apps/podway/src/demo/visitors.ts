import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

/** What the visitors saw. */
export interface Accesses {
  total: number;
  /** No answer, or a status other than 200. */
  failed: number;
  /** Answers of the broken release. */
  brokenSeen: number;
}

export interface VisitorOptions {
  /** Address of the gateway's listener for accesses. */
  url: string;
  host: string;
  paths: readonly string[];
  /** Visitors at once. */
  count: number;
  /** Text that only the broken release shows. */
  brokenText: string;
}

/** Visitors who go on asking for pages until they are stopped, each over and over, with a short rest. */
export class Visitors {
  readonly accesses: Accesses = { total: 0, failed: 0, brokenSeen: 0 };
  /** Why accesses failed, the first few. */
  readonly problems: string[] = [];
  private stopping = false;
  private readonly running: Promise<void>[];

  constructor(private readonly options: VisitorOptions) {
    this.running = Array.from({ length: options.count }, (_, index) => this.visit(index));
  }

  async stop(): Promise<Accesses> {
    this.stopping = true;
    await Promise.all(this.running);
    return this.accesses;
  }

  private async visit(index: number): Promise<void> {
    for (let turn = index; !this.stopping; turn += 1) {
      await this.access(this.options.paths[turn % this.options.paths.length] ?? '/');
      await sleep(10);
    }
  }

  private async access(path: string): Promise<void> {
    this.accesses.total += 1;
    try {
      const { statusCode, body } = await request(new URL(path, this.options.url), {
        headers: { host: this.options.host },
        headersTimeout: 10_000,
        bodyTimeout: 10_000,
      });
      const text = await body.text();
      if (statusCode !== 200) this.fail(`${path}: status ${statusCode}`);
      if (text.includes(this.options.brokenText)) this.accesses.brokenSeen += 1;
    } catch (error) {
      this.fail(`${path}: ${String(error)}`);
    }
  }

  private fail(problem: string): void {
    this.accesses.failed += 1;
    if (this.problems.length < 5) this.problems.push(problem);
  }
}
