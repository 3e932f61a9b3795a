import { HaproxyLoadBalancer, HaproxyWatch } from '@podway/balancing';
import { Inventory, Rotation, RotationHold } from '@podway/persistence';
import type { ServiceContext } from '@podway/service-kit';
import type { IngressGatewaySettings } from '../ingress-gateway.config.js';

/** Keeps the HAProxies of the inventory to the rotation, as this gateway keeps itself to it. */
export function haproxyWatch({
  settings,
  infrastructure,
  logger,
}: ServiceContext<IngressGatewaySettings>): HaproxyWatch {
  const { dataSource, databaseUrl } = infrastructure;
  return new HaproxyWatch({
    inventory: new Inventory(dataSource),
    balancer: new HaproxyLoadBalancer(new Rotation(dataSource), new RotationHold(dataSource)),
    databaseUrl,
    pollMs: settings.haproxyWatchMs,
    onMended: (pod) => logger.info({ pod }, 'HAProxy was brought to the rotation'),
    onTrouble: (error, pod) => logger.warn({ err: error, pod }, 'HAProxy cannot be kept to the rotation'),
    onTroubleOver: (pod) => logger.info({ pod }, 'HAProxy is kept to the rotation again'),
  });
}
