import type { AccessPolicy } from './access-policy.js';
import type { RouteTable, RoutedServer } from './route-table.js';

interface Turn {
  /** Smooth weighted round robin: the server with the most credit is next, and pays for it. */
  credit: number;
  /** Accesses that failed in a row. */
  failures: number;
  /** Passed over until then while others are there. */
  failedUntil: number;
}

export interface ServerChoiceOptions {
  /** What active checks know. */
  readonly isHealthy: (key: string) => boolean;
  /** Accesses that run on a server. */
  readonly runningOn: (key: string) => number;
  readonly now?: () => number;
}

/** Chooses the server for an access. Every way is told at once, without waiting: the caller counts the access at once too. */
export class ServerChoice {
  private readonly turns = new Map<string, Turn>();

  constructor(private readonly options: ServerChoiceOptions) {}

  /** The next of `servers` that is not in `tried`, or undefined. Those that failed or are unhealthy come last. */
  next(
    servers: readonly RoutedServer[],
    tried: ReadonlySet<string>,
    { balance }: Pick<AccessPolicy, 'balance'>,
  ): RoutedServer | undefined {
    const untried = tried.size === 0 ? servers : servers.filter((server) => !tried.has(server.key));
    const good = untried.filter((server) => this.isGood(server.key));
    const candidates = good.length > 0 ? good : untried;
    return this.byTurn(balance === 'least-connections' ? this.leastBusy(candidates) : candidates);
  }

  /** Neither failed of late nor unhealthy. */
  isGood(key: string): boolean {
    return this.turn(key).failedUntil <= this.now() && this.options.isHealthy(key);
  }

  /** The server did not answer. */
  failed(key: string, { failedAfter, failedMs }: AccessPolicy['passive']): void {
    const turn = this.turn(key);
    turn.failures += 1;
    if (turn.failures >= failedAfter) turn.failedUntil = this.now() + failedMs;
  }

  /** The server answered. */
  worked(key: string): void {
    const turn = this.turn(key);
    turn.failures = 0;
    turn.failedUntil = 0;
  }

  /** Forgets servers that are gone. */
  keepOnly(routes: RouteTable): void {
    const there = new Set([...routes.servers()].map((server) => server.key));
    for (const key of this.turns.keys()) if (!there.has(key)) this.turns.delete(key);
  }

  /** Those with the fewest running accesses for their weight. */
  private leastBusy(servers: readonly RoutedServer[]): readonly RoutedServer[] {
    const loads = servers.map((server) => this.options.runningOn(server.key) / server.weight);
    const least = Math.min(...loads);
    return servers.filter((_, index) => loads[index] === least);
  }

  /** Weighted round robin, spread evenly (nginx calls it smooth). */
  private byTurn(servers: readonly RoutedServer[]): RoutedServer | undefined {
    let best: RoutedServer | undefined;
    let most = -Infinity;
    let total = 0;
    for (const server of servers) {
      const turn = this.turn(server.key);
      turn.credit += server.weight;
      total += server.weight;
      if (turn.credit > most) {
        most = turn.credit;
        best = server;
      }
    }
    if (best) this.turn(best.key).credit -= total;
    return best;
  }

  private turn(key: string): Turn {
    let turn = this.turns.get(key);
    if (!turn) {
      turn = { credit: 0, failures: 0, failedUntil: 0 };
      this.turns.set(key, turn);
    }
    return turn;
  }

  private now(): number {
    return (this.options.now ?? Date.now)();
  }
}
