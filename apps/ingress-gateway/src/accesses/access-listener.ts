import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Inventory, Rotation } from '@podway/persistence';
import type { ServiceContext } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { endConnectionsOnceStopping } from '../ending-connections.js';
import { AccessProxy } from './access-proxy.js';
import { RotationWatcher } from './rotation-watcher.js';
import { RunningAccesses } from './running-accesses.js';
import { ServerChoice } from './server-choice.js';
import { ServerPools } from './server-pools.js';

/** Longer than browsers and proxies keep idle connections, so that it is they who close. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_TIMEOUT_MS = 15_000;

/** The listener for users' accesses, and all that serves it. */
export class AccessListener {
  private constructor(
    private readonly server: Server,
    private readonly watcher: RotationWatcher,
    private readonly pools: ServerPools,
    private readonly stopping: AbortController,
    private readonly stopMs: number,
    /** The port that it listens on. */
    readonly port: number,
  ) {}

  static async start({
    settings,
    infrastructure,
    logger,
  }: ServiceContext<IngressGatewaySettings>): Promise<AccessListener> {
    const { dataSource, databaseUrl } = infrastructure;
    const choice = new ServerChoice(settings.accessFailedMs);
    const pools = new ServerPools({
      connections: settings.accessConnections,
      connectTimeoutMs: settings.accessConnectTimeoutMs,
      responseTimeoutMs: settings.accessResponseTimeoutMs,
    });
    const running = new RunningAccesses((key) => watcher.ended(key));
    const watcher = new RotationWatcher({
      rotation: new Rotation(dataSource),
      inventory: new Inventory(dataSource),
      databaseUrl,
      pollMs: settings.rotationPollMs,
      ...(settings.defaultPod === undefined ? {} : { defaultPod: settings.defaultPod }),
      running: () => running.snapshot(),
      onChange: (routes) => {
        choice.keepOnly(routes);
        pools.keepOnly(routes);
      },
      onTrouble: (error) =>
        logger.warn({ err: error }, 'the rotation cannot be read; the last one stays in use'),
    });
    const proxy = new AccessProxy({
      routes: () => watcher.routes,
      choice,
      pools,
      running,
      tries: settings.accessTries,
      trustForwarded: settings.trustForwarded,
    });
    const server = createServer((request, response) => void proxy.handle(request, response));
    const stopping = new AbortController();
    endConnectionsOnceStopping(server, stopping.signal);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = 0;
    server.listen(settings.accessPort, settings.host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const listener = new AccessListener(server, watcher, pools, stopping, settings.stopWaitMs, port);
    try {
      // The port is ours now, and with it the name: no other gateway of this name is alive.
      await watcher.start(settings.gatewayId ?? `${hostname()}:${port}`);
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** Takes no new accesses, waits for those that run, then leaves the rotation. */
  async close(): Promise<void> {
    this.stopping.abort();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const late = setTimeout(() => this.server.closeAllConnections(), this.stopMs);
    await closed;
    clearTimeout(late);
    await this.watcher.stop();
    await this.pools.close();
  }
}
