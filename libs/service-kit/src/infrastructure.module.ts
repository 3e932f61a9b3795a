import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Logger } from 'pino';
import { GatewayLoadBalancer } from '@podway/balancing';
import { DeploymentReader, Inventory, Rotation, Updates, ApiKeys } from '@podway/persistence';
import { TreeStateDriver } from '@podway/state';
import type { Infrastructure } from './infrastructure.js';
import { PodServers } from './pod-servers.js';
import { StepRunner } from './step-runner.js';
import { ARTIFACTS, BROKER, HOSTS, LOAD_BALANCER, LOGGER, STATE_DRIVER } from './tokens.js';

/** Gives the process's infrastructure to a service's module. */
@Global()
@Module({})
export class InfrastructureModule {
  static for(service: string, infrastructure: Infrastructure, logger: Logger): DynamicModule {
    const { dataSource, broker, hosts, artifacts } = infrastructure;
    const inventory = new Inventory(dataSource);
    const driver = new TreeStateDriver();
    const providers = [
      { provide: DataSource, useValue: dataSource },
      { provide: BROKER, useValue: broker },
      { provide: HOSTS, useValue: hosts },
      { provide: ARTIFACTS, useValue: artifacts },
      { provide: LOGGER, useValue: logger },
      { provide: STATE_DRIVER, useValue: driver },
      { provide: LOAD_BALANCER, useValue: new GatewayLoadBalancer(new Rotation(dataSource)) },
      { provide: Inventory, useValue: inventory },
      { provide: Updates, useValue: new Updates(dataSource) },
      { provide: ApiKeys, useValue: new ApiKeys(dataSource) },
      { provide: DeploymentReader, useValue: new DeploymentReader(dataSource) },
      { provide: PodServers, useValue: new PodServers(inventory, hosts, driver) },
      { provide: StepRunner, useValue: new StepRunner(service, broker, logger) },
    ];
    return {
      module: InfrastructureModule,
      providers,
      exports: providers.map((provider) => provider.provide),
    };
  }
}
