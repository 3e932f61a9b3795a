import { Inventory, Rotation } from '@podway/persistence';
import { telemetryOf, type ServiceContext } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { countAccess } from './observed-access.js';
import { AccessProxy } from './access-proxy.js';
import { DrainLimits } from './drain-limits.js';
import { hostsOfApi } from '../listening/listener-settings.js';
import { HealthChecks } from './health-checks.js';
import { RotationWatcher, type RotationWatcherOptions } from './rotation-watcher.js';
import { RunningAccesses } from './running-accesses.js';
import { ServerChoice } from './server-choice.js';
import { ServerPools } from './server-pools.js';
import { StickyServers } from './sticky-servers.js';
import { WriteFence } from './write-fence.js';

/** All that routes accesses, behind whatever ports they come by. */
export interface AccessParts {
  readonly proxy: AccessProxy;
  readonly watcher: RotationWatcher;
  readonly running: RunningAccesses;
  /** Once no access runs any more. */
  stop(): Promise<void>;
}

export function accessParts(context: ServiceContext<IngressGatewaySettings>): AccessParts {
  const { settings, infrastructure, logger } = context;
  const { metrics } = telemetryOf(context);
  const running = new RunningAccesses((key) => watcher.ended(key));
  const health = new HealthChecks(settings.accessHealthChecks, (server, healthy, reason) =>
    logger[healthy ? 'info' : 'warn'](
      { server, reason },
      healthy ? 'a server is healthy' : 'a server is ill',
    ),
  );
  const choice = new ServerChoice({
    isHealthy: (key) => health.isHealthy(key),
    runningOn: (key) => running.on(key),
  });
  const pools = new ServerPools({
    connections: settings.accessConnections,
    connectTimeoutMs: settings.accessConnectTimeoutMs,
  });
  const drains = new DrainLimits(running);
  const writes = new WriteFence(
    () => watcher.routes,
    (pod) => watcher.writesEnded(pod),
  );
  const counts = { running: () => running.snapshot(), runningWrites: () => writes.snapshot() };
  const watcher: RotationWatcher = watcherFor({ settings, infrastructure, logger }, counts, (routes) => {
    for (const part of [choice, pools]) part.keepOnly(routes);
    for (const part of [drains, health, writes]) part.follow(routes);
    const lost = hostsOfApi(settings).filter((host) => routes.hasHost(host));
    if (lost.length > 0) logger.warn({ hosts: lost }, 'hosts of a POD are those of the API and stay its own');
  });
  const proxy = new AccessProxy({
    routes: () => watcher.routes,
    choice,
    pools,
    running,
    writes,
    sticky: new StickyServers(settings.stickyKey),
    tries: settings.accessTries,
    trustForwarded: settings.trustForwarded,
    connectTimeoutMs: settings.accessConnectTimeoutMs,
    bodyIdleMs: settings.accessBodyIdleMs,
    sendTimeoutMs: settings.accessSendTimeoutMs,
    tunnelIdleMs: settings.accessTunnelIdleMs,
    tlsPublicPort: settings.tlsPublicPort,
    ended: (access) => countAccess(metrics, access),
  });
  return {
    proxy,
    watcher,
    running,
    async stop() {
      health.stop();
      drains.stop();
      await watcher.stop();
      await pools.close();
    },
  };
}

function watcherFor(
  { settings, infrastructure, logger }: ServiceContext<IngressGatewaySettings>,
  counts: Pick<RotationWatcherOptions, 'running' | 'runningWrites'>,
  onChange: RotationWatcherOptions['onChange'],
): RotationWatcher {
  const { dataSource, databaseUrl } = infrastructure;
  return new RotationWatcher({
    rotation: new Rotation(dataSource),
    inventory: new Inventory(dataSource),
    databaseUrl,
    pollMs: settings.rotationPollMs,
    table: {
      defaults: {
        failedMs: settings.accessFailedMs,
        maxBodyBytes: settings.maxAccessBodyBytes,
        requestTimeoutMs: settings.accessRequestTimeoutMs,
        responseTimeoutMs: settings.accessResponseTimeoutMs,
      },
      ...(settings.defaultPod === undefined ? {} : { defaultPod: settings.defaultPod }),
    },
    ...counts,
    onChange,
    onTrouble: (error) =>
      logger.warn({ err: error }, 'the rotation cannot be read; the last one stays in use'),
  });
}
