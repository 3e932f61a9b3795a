import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerWithPage } from './access-page.js';
import { forward, hasBody } from './forwarding.js';
import type { RouteTable, RoutedServer } from './route-table.js';
import type { RunningAccesses } from './running-accesses.js';
import type { ServerChoice } from './server-choice.js';
import type { ServerPools } from './server-pools.js';

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS']);

export interface AccessProxyOptions {
  /** The table of this moment, or undefined before the first. */
  readonly routes: () => RouteTable | undefined;
  readonly choice: ServerChoice;
  readonly pools: ServerPools;
  readonly running: RunningAccesses;
  /** Most servers tried for one access. */
  readonly tries: number;
  readonly trustForwarded: boolean;
}

/** Routes users' accesses to servers in rotation (FIG. 1, 132; FIG. 2, 204). */
export class AccessProxy {
  constructor(private readonly options: AccessProxyOptions) {}

  /** Answers one access. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const routes = this.options.routes();
    if (!routes) return answerWithPage(response, 'ACCESS.NOT_READY');
    const pod = routes.podOf(request.headers.host);
    if (pod === undefined) return answerWithPage(response, 'ACCESS.UNKNOWN_HOST');
    const path = originForm(request.url ?? '/');
    if (path === undefined) return answerWithPage(response, 'ACCESS.BAD_REQUEST');
    await this.route(pod, path, request, response);
  }

  private async route(
    pod: string,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const again = IDEMPOTENT.has(request.method ?? '') && !hasBody(request);
    const tried = new Set<string>();
    for (let tries = 0; tries < (again ? this.options.tries : 1); tries += 1) {
      const server = this.choose(pod, tried);
      if (!server) break;
      // No await between choosing and counting: a rotation that is acknowledged has counted every access before it.
      const ended = this.options.running.begin(server.key);
      const outcome = await this.forwarded(server, path, request, response);
      ended();
      if (outcome === 'done') return;
      if (outcome === 'timed-out') return answerWithPage(response, 'ACCESS.SERVER_TIMEOUT');
      tried.add(server.key);
    }
    answerWithPage(response, tried.size === 0 ? 'ACCESS.NO_SERVER' : 'ACCESS.SERVER_FAILED');
  }

  /** By the table of this moment, which may be newer than that of the last try. A lone server gets a second try. */
  private choose(pod: string, tried: ReadonlySet<string>): RoutedServer | undefined {
    const servers = this.options.routes()?.serversOf(pod) ?? [];
    return this.options.choice.next(servers, servers.length > 1 ? tried : new Set());
  }

  private async forwarded(
    server: RoutedServer,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<'done' | 'failed' | 'timed-out'> {
    const { choice, pools, trustForwarded } = this.options;
    const outcome = await forward(pools.of(server.url), request, response, { path, trustForwarded });
    if (outcome === 'answered') choice.worked(server.key);
    if (outcome === 'failed' || outcome === 'cut-short') choice.failed(server.key);
    return outcome === 'failed' || outcome === 'timed-out' ? outcome : 'done';
  }
}

/** The path and query of a request target; undefined for one that no web server of ours can be asked for. */
function originForm(target: string): string | undefined {
  if (target.startsWith('/')) return target;
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  if (absolute === undefined) return undefined;
  return absolute.startsWith('/') ? absolute : `/${absolute}`;
}
