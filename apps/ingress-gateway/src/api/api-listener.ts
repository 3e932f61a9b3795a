import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NestLogger, type ServiceContext } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { endConnectionsOnceStopping } from '../ending-connections.js';
import { answerMalformedRequests } from './problems/malformed-requests.js';
import { ApiModule, type ApiParts } from './api.module.js';

const HEADERS_TIMEOUT_MS = 15_000;
/** A connection without a byte for so long is dead; event streams have their heartbeat. */
const IDLE_TIMEOUT_MS = 120_000;

/** The API's listener: separate from the one for users' accesses (FIG. 1, 118). */
export class ApiListener {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly stopping: AbortController,
    /** The port that it listens on. */
    readonly port: number,
    private readonly stopMs: number,
  ) {}

  static async start(
    context: ServiceContext<IngressGatewaySettings>,
    parts: Omit<ApiParts, 'stopping'>,
  ): Promise<ApiListener> {
    const { settings, logger } = context;
    const stopping = new AbortController();
    const module = ApiModule.for(context, { ...parts, stopping: stopping.signal });
    const app = await NestFactory.create<NestExpressApplication>(module, {
      bodyParser: false,
      logger: new NestLogger(logger),
      abortOnError: false,
    });
    app.disable('x-powered-by');
    app.set('etag', false);
    const server = app.getHttpServer();
    answerMalformedRequests(server);
    endConnectionsOnceStopping(server, stopping.signal);
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = settings.apiRequestTimeoutMs;
    server.timeout = IDLE_TIMEOUT_MS;
    await app.listen(settings.apiPort, settings.host);
    return new ApiListener(app, stopping, (server.address() as AddressInfo).port, settings.stopWaitMs);
  }

  /** Takes no new requests, ends event streams and waits a while for the rest. Who is cut off may ask again. */
  async close(): Promise<void> {
    this.stopping.abort();
    const server = this.app.getHttpServer();
    const late = setTimeout(() => server.closeAllConnections(), this.stopMs);
    const closed = this.app.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(late);
  }
}
