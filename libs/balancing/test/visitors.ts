import { Agent, request } from 'node:http';

/** One access. Resolves with `<status> <body>`, or what went wrong. */
export function ask(port: number, options: { agent?: Agent; cookie?: string } = {}): Promise<string> {
  const { agent = new Agent(), cookie } = options;
  return new Promise((resolve) => {
    const outgoing = request({ port, agent, headers: { host: 'shop.test', ...(cookie ? { cookie } : {}) } });
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

/** Users who ask all the time over kept connections. */
export class Visitors {
  total = 0;
  readonly failed: string[] = [];
  /** Accesses that began after another had been answered by a newer release than they got. */
  late = 0;
  /** Newest release that has answered. */
  newest = 0;
  private going = true;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly all: Promise<void>[];

  constructor(
    private readonly port: number,
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
      const seenBefore = this.newest;
      const answer = await ask(this.port, { agent: this.agent });
      this.total += 1;
      if (!answer.startsWith('200 ')) this.failed.push(answer);
      const release = Number(answer.split(' ').at(-1));
      if (release < seenBefore) this.late += 1;
      if (release > this.newest) this.newest = release;
    }
  }
}
