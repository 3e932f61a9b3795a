import { Agent, request } from 'node:http';

/** Users who ask for the front page all the time, over kept connections, and note which version they see. */
export class ReleaseVisitors {
  total = 0;
  readonly failed: string[] = [];
  /** Accesses that began after another had been answered by a newer version than they got. */
  readonly late: string[] = [];
  readonly versions = new Set<number>();
  private newest = 0;
  private going = true;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly all: Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly host: string,
    count: number,
  ) {
    this.all = Array.from({ length: count }, () => this.visit());
  }

  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.all);
    this.agent.destroy();
  }

  private async visit(): Promise<void> {
    while (this.going) {
      const before = this.newest;
      const answer = await this.ask();
      this.total += 1;
      const version = Number(/^200 [^]*version (\d+)/.exec(answer)?.[1]);
      if (Number.isNaN(version)) {
        this.failed.push(answer.slice(0, 200));
        continue;
      }
      this.versions.add(version);
      if (version < before) this.late.push(`${version} after ${before}`);
      this.newest = Math.max(this.newest, version);
    }
  }

  /** `<status> <body>`, or what went wrong. */
  private ask(): Promise<string> {
    return new Promise((resolve) => {
      const outgoing = request(this.url, { agent: this.agent, headers: { host: this.host } });
      outgoing.on('error', (error) => resolve(error.message));
      outgoing.on('response', (response) => {
        let body = '';
        response.on('data', (part) => (body += String(part)));
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
        response.on('error', () => resolve('cut short'));
      });
      outgoing.end();
    });
  }
}
