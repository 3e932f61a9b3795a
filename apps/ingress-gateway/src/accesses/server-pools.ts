import { Pool } from 'undici';
import type { RouteTable } from './route-table.js';

export interface ServerPoolOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
}

/** Connections to servers, kept open between accesses. */
export class ServerPools {
  private readonly pools = new Map<string, Pool>();

  constructor(private readonly options: ServerPoolOptions) {}

  of(url: string): Pool {
    let pool = this.pools.get(url);
    if (!pool) {
      pool = new Pool(url, {
        connections: this.options.connections,
        pipelining: 1,
        connect: { timeout: this.options.connectTimeoutMs },
        allowH2: false,
      });
      this.pools.set(url, pool);
    }
    return pool;
  }

  /** Lets go of servers that take no accesses any more, once what runs on them has ended. */
  keepOnly(routes: RouteTable): void {
    const used = new Set([...routes.servers()].map((server) => server.url));
    for (const [url, pool] of this.pools) {
      if (used.has(url)) continue;
      this.pools.delete(url);
      pool.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.pools.values()].map((pool) => pool.destroy()));
    this.pools.clear();
  }
}
