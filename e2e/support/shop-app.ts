import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

/** A shop as users know it: reading shows a page, `POST /orders` writes an order into the database of the shop. */
export class ShopApp {
  private pool: pg.Pool | undefined;

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.answer(request).then((status) => response.writeHead(status).end('status: healthy\n'));
    });
  }

  static async start(): Promise<ShopApp> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ShopApp(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on orders go there. */
  uses(host: string): void {
    this.pool = new pg.Pool({ host, user: 'postgres', database: 'shop', max: 4 });
    // Sessions end when the database is put back.
    this.pool.on('error', () => undefined);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.pool?.end();
  }

  private async answer({ method, url }: IncomingMessage): Promise<number> {
    if (method === 'GET') return url === '/missing' ? 404 : 200;
    try {
      await this.pool?.query(`insert into orders (what) values ('an order')`);
      return 200;
    } catch {
      return 500;
    }
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Users of a POD, through the gateway. */
export class ShopUsers {
  readonly reads: Answer[] = [];
  readonly writes: Answer[] = [];
  private going = false;
  private done: Promise<unknown> | undefined;

  constructor(
    private readonly gatewayUrl: string,
    private readonly host: string,
  ) {}

  /** From now on they read and write all the time. */
  come(): void {
    this.going = true;
    const again = async (what: () => Promise<unknown>): Promise<void> => {
      while (this.going) {
        await what();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    this.done = Promise.all([again(() => this.read()), again(() => this.write())]);
  }

  async read(): Promise<Answer> {
    return this.ask('GET', this.reads);
  }

  async write(): Promise<Answer> {
    return this.ask('POST', this.writes);
  }

  /** Orders that a user was told are taken. */
  get ordered(): number {
    return this.writes.filter(({ status }) => status === 200).length;
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.done;
  }

  private async ask(method: string, answers: Answer[]): Promise<Answer> {
    const { request } = await import('undici');
    const { statusCode, body } = await request(new URL('/orders', this.gatewayUrl), {
      method: method as 'GET',
      headers: { host: this.host },
    });
    const answer = { status: statusCode, text: await body.text() };
    answers.push(answer);
    return answer;
  }
}
