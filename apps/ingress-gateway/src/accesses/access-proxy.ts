import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { boundArrival, hasBody } from '../listening/arrival.js';
import { hostName } from '../listening/host-name.js';
import type { RequestHandler } from '../listening/listener.js';
import { answerWithPage } from './access-page.js';
import type { AccessPolicy } from './access-policy.js';
import { isIdempotent, targetOf } from './access-request.js';
import type { EndedAccess } from './observed-access.js';
import { schemeOf } from './forwarded-headers.js';
import { forward, type Forwarded } from './forwarding.js';
import { RequestBody } from './request-body.js';
import type { RouteTable, RoutedServer } from './route-table.js';
import type { RunningAccess, RunningAccesses } from './running-accesses.js';
import type { ServerChoice } from './server-choice.js';
import type { ServerPools } from './server-pools.js';
import type { StickyServers } from './sticky-servers.js';
import { forwardUpgrade, responseOn, wantsTunnel, type UpgradeRequest } from './upgrading.js';
import { mayWrite, type WriteFence } from './write-fence.js';

export interface AccessProxyOptions {
  /** The table of this moment, or undefined before the first. */
  readonly routes: () => RouteTable | undefined;
  readonly choice: ServerChoice;
  readonly pools: ServerPools;
  readonly running: RunningAccesses;
  readonly writes: WriteFence;
  readonly sticky: StickyServers;
  /** Most servers tried for one access. */
  readonly tries: number;
  readonly trustForwarded: boolean;
  readonly connectTimeoutMs: number;
  readonly bodyIdleMs: number;
  readonly sendTimeoutMs: number;
  readonly tunnelIdleMs: number;
  /** Told of every access that has ended. */
  readonly ended: (access: EndedAccess) => void;
  /** Of `https` in redirects. */
  readonly tlsPublicPort: number;
}

/** One access on its way. */
interface Access {
  readonly pod: string;
  readonly policy: AccessPolicy;
  readonly path: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** It asks to change the protocol. */
  readonly upgrade?: UpgradeRequest;
}

/** Routes users' accesses to servers in rotation (FIG. 1, 132; FIG. 2, 204). */
export class AccessProxy implements RequestHandler {
  constructor(private readonly options: AccessProxyOptions) {}

  /** Answers one access. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    void this.watched(request, response, (access) => access);
  }

  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const upgrade = { request, socket, head };
    const response = responseOn(upgrade);
    // Node reads no body behind a request to change the protocol.
    if (hasBody(request)) return answerWithPage(response, 'ACCESS.BAD_REQUEST');
    void this.watched(request, response, (access) => {
      const isTunnel = access.policy.upgrades && wantsTunnel(request);
      if (isTunnel) socket.pause();
      return isTunnel ? { ...access, upgrade } : access;
    });
  }

  private async watched(
    request: IncomingMessage,
    response: ServerResponse,
    taken: (access: Access) => Access,
  ): Promise<void> {
    const startedAt = performance.now();
    const access = this.accessOf(request, response);
    if (access) await this.route(taken(access));
    this.options.ended({ pod: access?.pod ?? '', response, tookMs: performance.now() - startedAt });
  }

  /** What is asked for; undefined when it was answered already. */
  private accessOf(request: IncomingMessage, response: ServerResponse): Access | undefined {
    const routes = this.options.routes();
    if (!routes) return void answerWithPage(response, 'ACCESS.NOT_READY');
    const path = targetOf(request);
    if (path === undefined) return void answerWithPage(response, 'ACCESS.BAD_REQUEST');
    const pod = routes.podOf(request.headers.host);
    const policy = pod === undefined ? undefined : routes.pod(pod)?.policy;
    if (pod === undefined || !policy) return void answerWithPage(response, 'ACCESS.UNKNOWN_HOST');
    const { host } = request.headers;
    if (policy.redirectToHttps && host !== undefined && this.scheme(request) === 'http') {
      return this.redirect(`https://${hostName(host)}`, path, response);
    }
    if (Number(request.headers['content-length'] ?? 0) > policy.maxBodyBytes) {
      return void answerWithPage(response, 'ACCESS.TOO_LARGE');
    }
    boundArrival(request, response, policy.requestTimeoutMs, () =>
      answerWithPage(response, 'ACCESS.REQUEST_TIMEOUT'),
    );
    return { pod, policy, path, request, response };
  }

  private async route(access: Access): Promise<void> {
    const { pod, request, response, upgrade } = access;
    const { writes } = this.options;
    const again = isIdempotent(request) && !hasBody(request);
    const writing = mayWrite(request, upgrade !== undefined);
    const tried = new Set<string>();
    for (let tries = 0; tries < this.options.tries; tries += 1) {
      if (writing && writes.isUp(pod)) return answerWithPage(response, 'ACCESS.WRITES_FENCED');
      const server = this.choose(access, tried);
      if (!server) break;
      // No await between choosing and counting: a rotation that is acknowledged has counted every access before it.
      const begun = this.options.running.begin(server.key);
      const running = writing ? writes.begin(pod, begun) : begun;
      const outcome = await this.forwarded(server, access, running);
      running.ended();
      if (typeof outcome === 'object') return answerWithPage(response, outcome.fault);
      if (outcome === 'timed-out') return answerWithPage(response, 'ACCESS.SERVER_TIMEOUT');
      if (outcome !== 'unreached' && outcome !== 'failed') return;
      tried.add(server.key);
      // What no server has seen may be sent to another, whatever it is. A body is sent once.
      if (outcome === 'failed' && !again) break;
      if (response.destroyed) return;
    }
    answerWithPage(response, tried.size === 0 ? 'ACCESS.NO_SERVER' : 'ACCESS.SERVER_FAILED');
  }

  /** By the table of this moment, which may be newer than that of the last try. A lone server gets a second try. */
  private choose({ pod, policy, request }: Access, tried: ReadonlySet<string>): RoutedServer | undefined {
    const { choice, sticky } = this.options;
    const servers = this.options.routes()?.serversOf(pod) ?? [];
    if (policy.sticky && tried.size === 0) {
      const same = sticky.named(request.headers.cookie, policy.sticky, servers);
      if (same && choice.isGood(same.key)) return same;
    }
    return choice.next(servers, servers.length > 1 ? tried : new Set(), policy);
  }

  private async forwarded(server: RoutedServer, access: Access, running: RunningAccess): Promise<Forwarded> {
    const { choice } = this.options;
    const { passive } = access.policy;
    const outcome = await this.send(server, access, running);
    if (outcome === 'answered') choice.worked(server.key);
    if (outcome === 'failed' || outcome === 'unreached' || outcome === 'cut-short') {
      choice.failed(server.key, passive);
    }
    return outcome;
  }

  private send(server: RoutedServer, access: Access, running: RunningAccess): Promise<Forwarded> {
    const { pools, trustForwarded, connectTimeoutMs, sendTimeoutMs, tunnelIdleMs, bodyIdleMs } = this.options;
    const { request, response, policy, path, upgrade } = access;
    const { responseTimeoutMs, maxBodyBytes } = policy;
    const extraHeaders = this.stickyHeaders(server, access);
    const options = { path, trustForwarded, responseTimeoutMs, extraHeaders, access: running };
    if (upgrade) {
      return forwardUpgrade(server.url, upgrade, response, {
        ...options,
        connectTimeoutMs,
        idleMs: tunnelIdleMs,
      });
    }
    const body = hasBody(request)
      ? new RequestBody(request, response, { maxBodyBytes, bodyIdleMs })
      : undefined;
    return forward(pools.of(server.url), request, response, { ...options, sendTimeoutMs, body });
  }

  private stickyHeaders(server: RoutedServer, { policy, request }: Access): string[] {
    if (!policy.sticky) return [];
    const isSecure = this.scheme(request) === 'https';
    const cookie = this.options.sticky.setCookie(request.headers.cookie, policy.sticky, server, isSecure);
    return cookie === undefined ? [] : ['Set-Cookie', cookie];
  }

  private scheme(request: IncomingMessage): 'http' | 'https' {
    return schemeOf(request, this.options.trustForwarded);
  }

  private redirect(origin: string, path: string, response: ServerResponse): undefined {
    const { tlsPublicPort } = this.options;
    const port = tlsPublicPort === 443 ? '' : `:${tlsPublicPort}`;
    // The method stays as it is.
    response.writeHead(308, { Location: `${origin}${port}${path}`, 'Content-Length': 0 }).end();
  }
}
