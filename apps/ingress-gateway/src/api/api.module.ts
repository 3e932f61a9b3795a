import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import {
  ApiKeys,
  BrokerUsers,
  Clients,
  ClientVariables,
  Comparisons,
  Delegations,
  AuditLog,
  DeploymentReader,
  DriftReader,
  EventFeed,
  EventRetention,
  FleetReader,
  Inventory,
  LogFeed,
  Logs,
  OidcTrusts,
  OperationsReader,
  OutboxRelay,
  PodPauses,
  ReleaseMarks,
  Resources,
  Publishers,
  QueueWatch,
  Rotation,
  SigningKeys,
  tenantScoped,
  Updates,
  Webhooks,
  WriteFences,
} from '@podway/persistence';
import type { ServiceContext } from '@podway/service-kit';
import { IngressGatewaySettings } from '../ingress-gateway.config.js';
import { AuditInterceptor } from './audit/audit.interceptor.js';
import { AuditRefusals } from './audit/audit-refusals.js';
import { BrokerUserAdministration } from './broker-users/broker-user-administration.js';
import { clientAccounts } from './broker-users/client-accounts.js';
import { controllers } from './endpoints.js';
import { IdentityGuard } from './identity/identity.guard.js';
import { OidcIssuers } from './identity/oidc-issuers.js';
import { OidcTokens } from './identity/oidc-tokens.js';
import { Delegating } from './delegations/delegating.js';
import { DeploymentLookup } from './deployments/deployment-lookup.js';
import { TenantInterceptor } from './identity/tenant.interceptor.js';
import { MessagePublishing } from './messages/message-publishing.js';
import { MessageRecords } from './messages/message-records.js';
import { MessageSenders } from './messages/message-senders.js';
import { UpdateMessages } from './messages/update-messages.js';
import { QueueWatching } from './operations/queue-watching.js';
import { PlanRefusals } from './plans/plan-refusals.js';
import { StoredFiles } from './plans/stored-files.js';
import { UpdatePlan } from './plans/update-plan.js';
import { PodLookup } from './pods/pod-lookup.js';
import { Pruning } from './pruning/pruning.js';
import { ReleaseDiff } from './releases/release-diff.js';
import { ReleaseFactsReader } from './releases/release-facts.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { RateGuard } from './quotas/rate.guard.js';
import { SignatureIntake } from './signing/signature-intake.js';
import { ARTIFACTS, BROKER, CLIENT_ACCOUNTS, LOGGER, READY, STOPPING } from './tokens.js';
import { uploadProviders } from './uploads/upload.providers.js';
import { BundlePublishing } from './updates/bundle-publishing.js';
import { GoingBack } from './updates/going-back.js';
import { UpdateIntake } from './updates/update-intake.js';
import { TargetLookup } from './updates/update-targets.js';
import { webhookProviders } from './webhooks/webhook.providers.js';

/** What the API needs besides the infrastructure. */
export interface ApiParts {
  readonly feed: EventFeed;
  readonly logFeed: LogFeed;
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
    // What answers tenants reads and writes behind the second wall: docs/adr/0014-row-level-security.md
    const scoped = tenantScoped(dataSource);
    return {
      module: ApiModule,
      controllers,
      providers: [
        { provide: IngressGatewaySettings, useValue: context.settings },
        { provide: LOGGER, useValue: context.logger },
        { provide: BROKER, useValue: broker },
        { provide: ARTIFACTS, useValue: artifacts },
        { provide: EventFeed, useValue: parts.feed },
        { provide: LogFeed, useValue: parts.logFeed },
        { provide: OutboxRelay, useValue: parts.relay },
        { provide: STOPPING, useValue: parts.stopping },
        { provide: READY, useValue: parts.isReady },
        { provide: ApiKeys, useValue: new ApiKeys(dataSource) },
        { provide: BrokerUsers, useValue: new BrokerUsers(dataSource) },
        { provide: CLIENT_ACCOUNTS, useValue: clientAccounts(context.settings) },
        { provide: Clients, useValue: new Clients(dataSource) },
        { provide: ClientVariables, useValue: new ClientVariables(dataSource) },
        { provide: OidcTrusts, useValue: new OidcTrusts(dataSource) },
        { provide: Delegations, useValue: new Delegations(dataSource) },
        { provide: Publishers, useValue: new Publishers(dataSource) },
        { provide: DeploymentReader, useValue: new DeploymentReader(scoped) },
        { provide: FleetReader, useValue: new FleetReader(scoped) },
        { provide: OperationsReader, useValue: new OperationsReader(dataSource) },
        { provide: QueueWatch, useValue: new QueueWatch(dataSource) },
        { provide: Logs, useValue: new Logs(scoped) },
        { provide: EventRetention, useValue: new EventRetention(dataSource) },
        { provide: DriftReader, useValue: new DriftReader(scoped) },
        { provide: Inventory, useValue: new Inventory(scoped) },
        { provide: PodPauses, useValue: new PodPauses(scoped) },
        { provide: ReleaseMarks, useValue: new ReleaseMarks(scoped) },
        { provide: Comparisons, useValue: new Comparisons(scoped) },
        { provide: Resources, useValue: new Resources(scoped) },
        { provide: Rotation, useValue: new Rotation(scoped) },
        { provide: WriteFences, useValue: new WriteFences(scoped) },
        { provide: Updates, useValue: new Updates(scoped) },
        { provide: SigningKeys, useValue: new SigningKeys(scoped) },
        { provide: AuditLog, useValue: new AuditLog(dataSource) },
        { provide: Webhooks, useValue: new Webhooks(scoped) },
        ...webhookProviders(dataSource, context.settings),
        ...uploadProviders(dataSource, context.settings),
        { provide: APP_GUARD, useClass: IdentityGuard },
        { provide: APP_GUARD, useClass: RateGuard },
        { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
        { provide: APP_INTERCEPTOR, useClass: TenantInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
        OidcIssuers,
        OidcTokens,
        Delegating,
        DeploymentLookup,
        PodLookup,
        Pruning,
        QueueWatching,
        ReleaseFactsReader,
        ReleaseDiff,
        StoredFiles,
        PlanRefusals,
        UpdatePlan,
        TargetLookup,
        AuditRefusals,
        SignatureIntake,
        UpdateIntake,
        BundlePublishing,
        GoingBack,
        BrokerUserAdministration,
        MessageSenders,
        MessagePublishing,
        MessageRecords,
        UpdateMessages,
      ],
    };
  }
}
