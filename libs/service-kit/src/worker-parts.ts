import type { Logger } from 'pino';
import type { ArtifactStore } from '@podway/artifacts';
import {
  BalancerByPod,
  GatewayLoadBalancer,
  HaproxyLoadBalancer,
  type LoadBalancer,
} from '@podway/balancing';
import {
  ClientVariables,
  Comparisons,
  DeploymentReader,
  Inventory,
  Logs,
  Publishers,
  Resources,
  Rotation,
  RotationHold,
  SigningKeys,
  Updates,
  WriteFences,
  type Database,
} from '@podway/persistence';
import { StateSetDriver, type StateDriver } from '@podway/state';
import type { CommonSettings } from './common-settings.js';
import type { Infrastructure } from './infrastructure.js';
import { PodServers } from './pod-servers.js';

/** What the steps of a worker are made of. */
export interface WorkerParts {
  readonly servers: PodServers;
  readonly driver: StateDriver;
  readonly balancer: LoadBalancer;
  readonly artifacts: ArtifactStore;
  readonly inventory: Inventory;
  readonly resources: Resources;
  readonly updates: Updates;
  readonly publishers: Publishers;
  readonly signingKeys: SigningKeys;
  readonly deployments: DeploymentReader;
  readonly comparisons: Comparisons;
  readonly clientVariables: ClientVariables;
  readonly logs: Logs;
  readonly settings: CommonSettings;
  readonly logger: Logger;
}

export function workerParts(
  { dataSource, hosts, artifacts }: Infrastructure,
  settings: CommonSettings,
  logger: Logger,
): WorkerParts {
  const inventory = new Inventory(dataSource);
  const driver = new StateSetDriver();
  return {
    servers: new PodServers(inventory, hosts, driver),
    driver,
    balancer: loadBalancer(dataSource),
    artifacts,
    inventory,
    resources: new Resources(dataSource),
    updates: new Updates(dataSource),
    publishers: new Publishers(dataSource),
    signingKeys: new SigningKeys(dataSource),
    deployments: new DeploymentReader(dataSource),
    comparisons: new Comparisons(dataSource),
    clientVariables: new ClientVariables(dataSource),
    logs: new Logs(dataSource),
    settings,
    logger,
  };
}

/** Every POD's load balancer, by its entry. */
function loadBalancer(dataSource: Database): LoadBalancer {
  const rotation = new Rotation(dataSource);
  return new BalancerByPod(rotation, {
    gateway: new GatewayLoadBalancer(rotation, new WriteFences(dataSource)),
    haproxy: new HaproxyLoadBalancer(rotation, new RotationHold(dataSource)),
  });
}
