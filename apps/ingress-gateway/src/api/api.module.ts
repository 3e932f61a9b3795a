import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import {
  ApiKeys,
  DeploymentReader,
  EventFeed,
  Inventory,
  OutboxRelay,
  Rotation,
  Updates,
} from '@podway/persistence';
import type { ServiceContext } from '@podway/service-kit';
import { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { controllers } from './endpoints.js';
import { IdentityGuard } from './identity/identity.guard.js';
import { PodLookup } from './pods/pod-lookup.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ARTIFACTS, BROKER, LOGGER, READY, STOPPING } from './tokens.js';
import { BundlePublishing } from './updates/bundle-publishing.js';
import { GoingBack } from './updates/going-back.js';
import { UpdateIntake } from './updates/update-intake.js';

/** What the API needs besides the infrastructure. */
export interface ApiParts {
  readonly feed: EventFeed;
  readonly relay: OutboxRelay;
  /** Ends the event streams. */
  readonly stopping: AbortSignal;
  readonly isReady: () => boolean | Promise<boolean>;
}

/** The API of the gateway. */
@Module({})
export class ApiModule {
  static for(context: ServiceContext<IngressGatewaySettings>, parts: ApiParts): DynamicModule {
    const { dataSource, broker, artifacts } = context.infrastructure;
    return {
      module: ApiModule,
      controllers,
      providers: [
        { provide: IngressGatewaySettings, useValue: context.settings },
        { provide: LOGGER, useValue: context.logger },
        { provide: BROKER, useValue: broker },
        { provide: ARTIFACTS, useValue: artifacts },
        { provide: EventFeed, useValue: parts.feed },
        { provide: OutboxRelay, useValue: parts.relay },
        { provide: STOPPING, useValue: parts.stopping },
        { provide: READY, useValue: parts.isReady },
        { provide: ApiKeys, useValue: new ApiKeys(dataSource) },
        { provide: DeploymentReader, useValue: new DeploymentReader(dataSource) },
        { provide: Inventory, useValue: new Inventory(dataSource) },
        { provide: Rotation, useValue: new Rotation(dataSource) },
        { provide: Updates, useValue: new Updates(dataSource) },
        { provide: APP_GUARD, useClass: IdentityGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        PodLookup,
        UpdateIntake,
        BundlePublishing,
        GoingBack,
      ],
    };
  }
}
