import {
  Controller,
  Get,
  Header,
  HttpCode,
  Module,
  ServiceUnavailableException,
  type DynamicModule,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { MetricsRegistry } from '@podway/telemetry';
import { listening } from './listening.js';
import { NestLogger } from './logging.js';

/** Whether the service can do its work now. */
export class Readiness {
  constructor(readonly check: () => boolean | Promise<boolean>) {}
}

/** `/livez`: the process answers. `/readyz`: it can do its work now. */
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('livez')
  @HttpCode(200)
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(): Promise<{ status: string }> {
    if (!(await this.isReady())) throw new ServiceUnavailableException({ status: 'not ready' });
    return { status: 'ok' };
  }

  private async isReady(): Promise<boolean> {
    try {
      return await this.readiness.check();
    } catch {
      return false;
    }
  }
}

/** `/metrics`: what Prometheus scrapes. */
function metricsController(registry: MetricsRegistry): Type<unknown> {
  @Controller()
  class MetricsController {
    @Get('metrics')
    @Header('Content-Type', registry.contentType)
    metrics(): Promise<string> {
      return registry.text();
    }
  }
  return MetricsController;
}

@Module({})
export class HealthModule {
  static for(check: Readiness['check'], registry?: MetricsRegistry): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController, ...(registry ? [metricsController(registry)] : [])],
      providers: [{ provide: Readiness, useValue: new Readiness(check) }],
    };
  }
}

/** Listens for health requests and scrapes, apart from all other HTTP of a service. */
export async function listenForHealth(
  check: Readiness['check'],
  at: { host: string; port: number },
  logger: Logger,
  registry?: MetricsRegistry,
): Promise<INestApplication> {
  const app = await NestFactory.create<NestExpressApplication>(HealthModule.for(check, registry), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.disable('x-powered-by');
  await listening({ ...at, setting: 'PODWAY_HEALTH_PORT' }, () => app.listen(at.port, at.host));
  return app;
}
