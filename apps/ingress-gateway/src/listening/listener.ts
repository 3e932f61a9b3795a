import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening } from '@podway/service-kit';
import { ConnectionLimits, type ConnectionLimitsOptions } from './connection-limits.js';
import { Connections } from './connections.js';
import type { TlsCertificates } from './tls-certificates.js';

/** Takes the requests of a listener. */
export interface RequestHandler {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Requests to change the protocol. Without it they are taken as plain ones. */
  upgrade?(request: IncomingMessage, socket: Socket, head: Buffer): void;
}

/** What is refused before any handler sees it. */
export type RefusedStatus = 400 | 408 | 431 | 503;

export interface ListenerLimits extends ConnectionLimitsOptions {
  readonly headersTimeoutMs: number;
  readonly maxHeaderBytes: number;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** The setting that the port is from. */
  readonly setting: string;
  readonly handler: RequestHandler;
  readonly limits: ListenerLimits;
  /** The whole answer, as text, to what is refused here. */
  readonly refusal: (status: RefusedStatus) => string;
  /** Speaks TLS with these. */
  readonly certificates?: TlsCertificates;
  /** Longest time for a whole request to arrive. Default: the handler sees to it. */
  readonly requestTimeoutMs?: number;
  /** Longest time without a byte in either direction. Default: the handler sees to it. */
  readonly idleTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** How long a stop lets idle connections send a last request. */
  readonly lingerMs: number;
  /** How long a stop waits for running requests. */
  readonly stopMs: number;
}

/** Node looks for connections that are late this often. */
const MOST_BETWEEN_LOOKS_MS = 1_000;

/** One port that takes HTTP/1.1, within limits. Slow and broken clients cost themselves only. */
export class Listener {
  private constructor(
    private readonly server: Server,
    private readonly connections: Connections,
    private readonly options: ListenerOptions,
    /** The port that it listens on. */
    readonly port: number,
  ) {}

  static async start(options: ListenerOptions): Promise<Listener> {
    const server = serverFor(options);
    const connections = new Connections();
    takeConnections(server, connections, options);
    takeRequests(server, connections, options);
    await listening(options, () => once(server.listen(options.port, options.host), 'listening'));
    return new Listener(server, connections, options, (server.address() as AddressInfo).port);
  }

  /**
   * Takes no new connections and waits for what runs. Connections that are kept open get a while for a last request:
   * one that is closed at once can cross with a request, which would then fail.
   */
  async close(): Promise<void> {
    const { lingerMs, stopMs } = this.options;
    this.connections.stop();
    // Not that of http: it resets idle connections.
    const closed = new Promise<void>((resolve) =>
      NetServer.prototype.close.call(this.server, () => resolve()),
    );
    const late = setTimeout(() => this.connections.destroyAll(), stopMs);
    const over = new AbortController();
    await Promise.race([closed, sleep(Math.min(lingerMs, stopMs), undefined, { signal: over.signal })]);
    over.abort();
    this.connections.endIdle();
    await closed;
    clearTimeout(late);
    // Ends its timer.
    this.server.close();
  }
}

function serverFor({ limits, certificates, ...options }: ListenerOptions): Server {
  const { headersTimeoutMs, maxHeaderBytes } = limits;
  const settings = {
    headersTimeout: headersTimeoutMs,
    // Node takes no time for all that is shorter than that for the headers.
    requestTimeout:
      options.requestTimeoutMs === undefined ? 0 : Math.max(options.requestTimeoutMs, headersTimeoutMs),
    connectionsCheckingInterval: Math.min(MOST_BETWEEN_LOOKS_MS, Math.ceil(headersTimeoutMs / 2)),
    maxHeaderSize: maxHeaderBytes,
    ...(options.keepAliveTimeoutMs === undefined ? {} : { keepAliveTimeout: options.keepAliveTimeoutMs }),
  };
  const server = certificates
    ? createTlsServer({ ...settings, handshakeTimeout: headersTimeoutMs, ...certificates.options })
    : createServer(settings);
  if (server instanceof TlsServer) certificates?.serve(server);
  // Bounded by their size. Headers beyond a count would be dropped without a word.
  server.maxHeadersCount = 0;
  if (options.idleTimeoutMs !== undefined) server.timeout = options.idleTimeoutMs;
  return server;
}

function takeConnections(server: Server, connections: Connections, options: ListenerOptions): void {
  const limits = new ConnectionLimits(options.limits);
  server.prependListener('connection', (socket: Socket) => {
    if (limits.take(socket)) return;
    if (!options.certificates) socket.write(options.refusal(503));
    socket.destroySoon();
  });
  server.on(options.certificates ? 'secureConnection' : 'connection', (socket: Socket) => {
    if (socket.writable) connections.add(socket);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const status = refusedStatus(error.code);
    if (status !== undefined && socket.writable && connections.isUnanswered(socket)) {
      socket.write(options.refusal(status));
    }
    socket.destroySoon();
  });
}

function takeRequests(server: Server, connections: Connections, { handler, refusal }: ListenerOptions): void {
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    if (connections.begin(response)) handler.handle(request, response);
  };
  server.on('request', take);
  // The handler lets the user go on when it wants the body.
  server.on('checkContinue', take);
  server.on('connect', (_, socket: Socket) => {
    socket.on('error', () => undefined);
    if (connections.isIdle(socket)) socket.end(refusal(400));
    else socket.destroy();
  });
  if (!handler.upgrade) return;
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Node has let go of it.
    socket.on('error', () => undefined);
    // Behind a request that is not answered yet, nobody could tell whose answer is whose.
    if (!connections.isIdle(socket)) return void socket.destroy();
    connections.upgrade(socket);
    handler.upgrade?.(request, socket, head);
  });
}

/** What Node's parser gives up on, by its error code. Others are errors of the connection. */
function refusedStatus(code = ''): RefusedStatus | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return code.startsWith('HPE_') ? 400 : undefined;
}
