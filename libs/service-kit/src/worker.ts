import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BrokerServer } from '@podway/messaging';
import { NestLogger } from './logging.js';
import { InfrastructureModule } from './infrastructure.module.js';
import type { RunningService, ServiceContext } from './service.js';
import type { ServiceName } from '@podway/contracts';

/**
 * Starts a service that only handles messages: its module in a Nest microservice on the broker.
 * Fails when a command of the service has no handler, or two.
 */
export async function startWorker(
  name: ServiceName,
  module: Type<unknown>,
  { infrastructure, logger }: Pick<ServiceContext<object>, 'infrastructure' | 'logger'>,
): Promise<RunningService> {
  @Module({ imports: [InfrastructureModule.for(name, infrastructure, logger), module] })
  class WorkerModule {}

  const strategy = new BrokerServer({ broker: infrastructure.broker, service: name });
  const app = await NestFactory.createMicroservice(WorkerModule, {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  return {
    ready: () => infrastructure.broker.ready() && infrastructure.dataSource.isInitialized,
    stop: () => app.close(),
  };
}
