import type { IncomingMessage, ServerResponse } from 'node:http';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { NestLogger, telemetryOf, type ServiceContext } from '@podway/service-kit';
import { builtDashboard, readDashboard } from '../dashboard/dashboard-files.js';
import { dashboardSite } from '../dashboard/dashboard-site.js';
import { signInOf } from '../dashboard/sign-in.js';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { Listener, type RequestHandler } from '../listening/listener.js';
import { API_IDLE_TIMEOUT_MS, listenerSettings, sharesPort } from '../listening/listener-settings.js';
import { observedRequests } from '../listening/observed-requests.js';
import { malformedProblem } from './problems/malformed-requests.js';
import { ApiModule, type ApiParts } from './api.module.js';
import { crossOrigin } from './cross-origin.js';
import { apiEndpoints } from './endpoints.js';

/** The API and its listener: separate from the one for users' accesses (FIG. 1, 118), or none when they share a port. */
export class ApiListener {
  private constructor(
    private readonly app: NestExpressApplication,
    private readonly stopping: AbortController,
    private readonly listener: Listener | undefined,
    /** The API's requests, whatever port they came by. */
    readonly handler: RequestHandler,
    /** The port that it listens on, or shares. */
    readonly port: number,
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
    app.use(crossOrigin(settings.apiOrigins?.split(',') ?? [], apiEndpoints()));
    const dashboard = await readDashboard(settings.dashboardDir ?? builtDashboard);
    app.use(dashboardSite(dashboard, signInOf(settings)));
    await app.init();
    const handler = observedRequests(telemetryOf(context), handlerOf(app));
    if (sharesPort(settings)) return new ApiListener(app, stopping, undefined, handler, settings.accessPort);
    const listener = await Listener.start({
      ...listenerSettings(settings),
      port: settings.apiPort,
      setting: 'PODWAY_API_PORT',
      handler,
      refusal: malformedProblem,
      requestTimeoutMs: settings.apiRequestTimeoutMs,
      idleTimeoutMs: API_IDLE_TIMEOUT_MS,
    });
    return new ApiListener(app, stopping, listener, handler, listener.port);
  }

  /**
   * Takes no new requests, ends event streams and waits a while for the rest. Who is cut off may ask again.
   * @param others ends when other listeners hand on no more requests.
   */
  async close(others: Promise<void> = Promise.resolve()): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.listener?.close(), others]);
    await this.app.close();
  }
}

function handlerOf(app: NestExpressApplication): RequestHandler {
  const answer = app.getHttpAdapter().getInstance() as (
    request: IncomingMessage,
    response: ServerResponse,
  ) => void;
  return {
    handle(request, response) {
      if (/(?:^|\W)100-continue(?:$|\W)/i.test(request.headers.expect ?? '')) response.writeContinue();
      answer(request, response);
    },
  };
}
