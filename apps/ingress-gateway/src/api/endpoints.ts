import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { DeploymentsController } from './deployments/deployments.controller.js';
import { endpointsOf, type EndpointSpec } from './endpoint.js';
import { EventsController } from './events/events.controller.js';
import { KeysController } from './keys/keys.controller.js';
import { PodsController } from './pods/pods.controller.js';
import { ServiceController } from './service/service.controller.js';
import { UpdatesController } from './updates/updates.controller.js';

export const controllers = [
  UpdatesController,
  DeploymentsController,
  PodsController,
  KeysController,
  EventsController,
  DeadLettersController,
  ServiceController,
];

/** Every operation of the API: what OpenAPI and the tests of rights are made from. */
export function apiEndpoints(): readonly EndpointSpec[] {
  return endpointsOf(controllers);
}
