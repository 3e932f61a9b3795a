import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, Payload } from '@nestjs/microservices';
import type { MessageClass, ServiceName, StepCommand } from '@podway/contracts';
import { BrokerContext, BrokerServer, CommandHandler } from '@podway/messaging';
import { Workers } from '@podway/persistence';
import { ObservedBroker } from '@podway/telemetry';
import { CommonSettings } from './common-settings.js';
import { NestLogger } from './logging.js';
import {
  defineService,
  telemetryOf,
  type RunningService,
  type ServiceContext,
  type ServiceDefinition,
} from './service.js';
import { keptStepLogs } from './kept-step-log.js';
import { usualPace } from './progress-reporter.js';
import { SignsOfLife } from './signs-of-life.js';
import { StepRunner, type StepWork } from './step-runner.js';
import { workerParts, type WorkerParts } from './worker-parts.js';

/** Which work answers which command. */
export interface StepHandler {
  /** Steps at once in one process; a look is none. */
  readonly capacity: number;
  readonly controller: (steps: StepRunner) => Type<unknown>;
}

/** Binds a command to the work that answers it. `prefetch`: how many at once in one process. */
export function handles<C extends StepCommand>(
  command: MessageClass<C>,
  work: StepWork<C>,
  { prefetch }: { prefetch: number },
): StepHandler {
  return {
    capacity: prefetch,
    controller: (steps) => {
      @Controller()
      class StepController {
        @CommandHandler(command, { prefetch })
        handle(@Payload() payload: object, @Ctx() context: BrokerContext): Promise<void> {
          return steps.run(payload as C, context.message.envelope, work);
        }
      }
      return StepController;
    },
  };
}

/** A service that does steps and nothing else: it keeps no state, and any number of them may run. */
export function defineWorker<S extends CommonSettings = CommonSettings>(definition: {
  name: ServiceName;
  /** Default: those that every service has. */
  settings?: new () => S;
  steps: (parts: WorkerParts, settings: S) => readonly StepHandler[];
}): ServiceDefinition<S> {
  return defineService<S>({
    name: definition.name,
    settings: definition.settings ?? (CommonSettings as new () => S),
    start: async (context) => {
      const { infrastructure, settings, logger } = context;
      const parts = workerParts(infrastructure, settings, logger);
      const { broker } = infrastructure;
      const telemetry = telemetryOf(context);
      const { balancer } = parts;
      const logs = keptStepLogs(parts.logs, settings.logMaxLines);
      const runner = new StepRunner(definition.name, broker, balancer, logs, logger, usualPace, telemetry);
      const handlers = definition.steps(parts, settings);
      const controllers = handlers.map((handler) => handler.controller(runner));

      @Module({ controllers })
      class WorkerModule {}
      const service = await startMicroservice(definition.name, WorkerModule, context);
      const capacity = handlers.reduce((sum, handler) => sum + handler.capacity, 0);
      const workers = new Workers(infrastructure.dataSource);
      const signs = new SignsOfLife(definition.name, workers, telemetry.metrics, capacity, logger);
      signs.start();
      return {
        ready: () => service.ready(),
        async stop() {
          await service.stop();
          await signs.stop();
        },
      };
    },
  });
}

/**
 * Starts a module's message handlers on the process's broker.
 * Fails when a command of the service has no handler, or two.
 */
export async function startMicroservice(
  name: ServiceName,
  module: Type<unknown>,
  { infrastructure, logger }: Pick<ServiceContext<object>, 'infrastructure' | 'logger'>,
): Promise<RunningService> {
  const { broker, dataSource } = infrastructure;
  const app = await NestFactory.createMicroservice(module, {
    strategy: new BrokerServer({
      broker,
      service: name,
      ...(broker instanceof ObservedBroker ? { around: broker.processing.bind(broker) } : {}),
    }),
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  return {
    ready: async () => {
      await dataSource.query('select 1');
      return broker.ready();
    },
    stop: () => app.close(),
  };
}
