import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { boundArrival } from '../listening/arrival.js';
import { hostName } from '../listening/host-name.js';
import type { RequestHandler } from '../listening/listener.js';
import { answerWithPage } from './access-page.js';
import { targetOf } from './access-request.js';
import { responseOn } from './upgrading.js';

export interface SharedPortOptions {
  readonly api: RequestHandler;
  readonly accesses: RequestHandler & {
    upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  };
  /** In lower case. */
  readonly apiHosts: ReadonlySet<string>;
  /** Beginnings of paths. */
  readonly apiPaths: readonly string[];
  readonly apiRequestTimeoutMs: number;
  readonly apiIdleTimeoutMs: number;
}

/**
 * Tells updates from accesses on one port, by host and path (FIG. 2, 202). A host is the API's or it is not: whatever a
 * POD claims, no access gets to the API, and no request of the API to a POD.
 */
export class SharedPort implements RequestHandler {
  constructor(private readonly options: SharedPortOptions) {}

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.isForApi(request)) this.toApi(request, response);
    else this.options.accesses.handle(request, response);
  }

  /** The API changes no protocol. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.isForApi(request)) answerWithPage(responseOn({ request, socket, head }), 'ACCESS.BAD_REQUEST');
    else this.options.accesses.upgrade(request, socket, head);
  }

  private isForApi({ headers: { host } }: IncomingMessage): boolean {
    return host !== undefined && this.options.apiHosts.has(hostName(host));
  }

  private toApi(request: IncomingMessage, response: ServerResponse): void {
    const { api, apiPaths, apiRequestTimeoutMs, apiIdleTimeoutMs } = this.options;
    const target = targetOf(request);
    if (target === undefined) return answerWithPage(response, 'ACCESS.BAD_REQUEST');
    if (!apiPaths.some((path) => target.startsWith(path))) return answerWithPage(response, 'ACCESS.NOT_HERE');
    request.url = target;
    boundArrival(request, response, apiRequestTimeoutMs, () =>
      answerWithPage(response, 'ACCESS.REQUEST_TIMEOUT'),
    );
    // Until the response has ended; between requests, and for the next one, Node sets it anew.
    request.socket.setTimeout(apiIdleTimeoutMs);
    api.handle(request, response);
  }
}
