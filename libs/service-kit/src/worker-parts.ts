import type { Logger } from 'pino';
import type { ArtifactStore } from '@podway/artifacts';
import { GatewayLoadBalancer, type LoadBalancer } from '@podway/balancing';
import { ApiKeys, DeploymentReader, Inventory, Rotation, Updates } from '@podway/persistence';
import { TreeStateDriver, type StateDriver } from '@podway/state';
import type { Infrastructure } from './infrastructure.js';
import { PodServers } from './pod-servers.js';

/** What the steps of a worker are made of. */
export interface WorkerParts {
  readonly servers: PodServers;
  readonly driver: StateDriver;
  readonly balancer: LoadBalancer;
  readonly artifacts: ArtifactStore;
  readonly inventory: Inventory;
  readonly updates: Updates;
  readonly keys: ApiKeys;
  readonly deployments: DeploymentReader;
  readonly logger: Logger;
}

export function workerParts({ dataSource, hosts, artifacts }: Infrastructure, logger: Logger): WorkerParts {
  const inventory = new Inventory(dataSource);
  const driver = new TreeStateDriver();
  return {
    servers: new PodServers(inventory, hosts, driver),
    driver,
    balancer: new GatewayLoadBalancer(new Rotation(dataSource)),
    artifacts,
    inventory,
    updates: new Updates(dataSource),
    keys: new ApiKeys(dataSource),
    deployments: new DeploymentReader(dataSource),
    logger,
  };
}
