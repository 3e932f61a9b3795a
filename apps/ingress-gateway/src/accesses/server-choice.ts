import type { RouteTable, RoutedServer } from './route-table.js';

interface Turn {
  /** Smooth weighted round robin: the server with the most credit is next, and pays for it. */
  credit: number;
  /** Passed over until then while others are there. */
  failedUntil: number;
}

/** Chooses the server for an access: weighted round robin, spread evenly (nginx calls it smooth). */
export class ServerChoice {
  private readonly turns = new Map<string, Turn>();

  constructor(
    private readonly failedMs: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** The next of `servers` that is not in `tried`, or undefined. Failed ones come last. */
  next(servers: readonly RoutedServer[], tried: ReadonlySet<string>): RoutedServer | undefined {
    const untried = tried.size === 0 ? servers : servers.filter((server) => !tried.has(server.key));
    const now = this.now();
    const good = untried.filter((server) => this.turn(server.key).failedUntil <= now);
    return this.byTurn(good.length > 0 ? good : untried);
  }

  /** The server did not answer. */
  failed(key: string): void {
    this.turn(key).failedUntil = this.now() + this.failedMs;
  }

  /** The server answered. */
  worked(key: string): void {
    this.turn(key).failedUntil = 0;
  }

  /** Forgets servers that are gone. */
  keepOnly(routes: RouteTable): void {
    const there = new Set([...routes.servers()].map((server) => server.key));
    for (const key of this.turns.keys()) if (!there.has(key)) this.turns.delete(key);
  }

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
      turn = { credit: 0, failedUntil: 0 };
      this.turns.set(key, turn);
    }
    return turn;
  }
}
