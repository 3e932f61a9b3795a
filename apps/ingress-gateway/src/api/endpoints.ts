import { BrokerUsersController } from './broker-users/broker-users.controller.js';
import { ClientVariablesController } from './clients/client-variables.controller.js';
import { ClientsController } from './clients/clients.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { ArtifactsController } from './artifacts/artifacts.controller.js';
import { DeadLettersController } from './dead-letters/dead-letters.controller.js';
import { DelegationsController } from './delegations/delegations.controller.js';
import { DeploymentsController } from './deployments/deployments.controller.js';
import { endpointsOf, type EndpointSpec } from './endpoint.js';
import { EventsController } from './events/events.controller.js';
import { LogsController } from './logs/logs.controller.js';
import { KeysController } from './keys/keys.controller.js';
import { FleetController } from './fleet/fleet.controller.js';
import { CallerController } from './identity/caller.controller.js';
import { OperationsController } from './operations/operations.controller.js';
import { PodsController } from './pods/pods.controller.js';
import { ReleasesController } from './releases/releases.controller.js';
import { DriftController } from './drift/drift.controller.js';
import { DiagnosisController } from './diagnosis/diagnosis.controller.js';
import { PlansController } from './plans/plans.controller.js';
import { ResourcesController } from './resources/resources.controller.js';
import { TrustsController } from './trusts/trusts.controller.js';
import { SigningKeysController } from './signing/signing-keys.controller.js';
import { QuotasController } from './quotas/quotas.controller.js';
import { ServiceController } from './service/service.controller.js';
import { DifferenceUploadsController } from './uploads/difference-uploads.controller.js';
import { ResumableUploadsController } from './uploads/resumable-uploads.controller.js';
import { UpdatesController } from './updates/updates.controller.js';
import { WebhookDeliveriesController } from './webhooks/webhook-deliveries.controller.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

export const controllers = [
  UpdatesController,
  DeploymentsController,
  LogsController,
  CallerController,
  FleetController,
  PodsController,
  ReleasesController,
  DriftController,
  DiagnosisController,
  PlansController,
  ResourcesController,
  KeysController,
  ClientsController,
  ClientVariablesController,
  TrustsController,
  DelegationsController,
  EventsController,
  WebhooksController,
  WebhookDeliveriesController,
  DeadLettersController,
  OperationsController,
  ServiceController,
  BrokerUsersController,
  SigningKeysController,
  AuditController,
  DifferenceUploadsController,
  ResumableUploadsController,
  ArtifactsController,
  QuotasController,
];

/** Every operation of the API: what OpenAPI and the tests of rights are made from. */
export function apiEndpoints(): readonly EndpointSpec[] {
  return endpointsOf(controllers);
}
