export * from './data-source.js';
export * from './entities/index.js';
export * from './notifications.js';
export * from './unavailable.js';
export * from './outbox/relay.js';
export * from './outbox/outbox-relay.js';
export { EventNumbering, EventPublisher } from './outbox/event-log.js';
export * from './outbox/event-feed.js';
export { EventRetention } from './outbox/event-retention.js';
export { Logs, type LogFilter, type LogSubject, type NewLogLine } from './logs/logs.js';
export { LogFeed } from './logs/log-feed.js';
export * from './rotation/rotation.js';
export type { DrainProgress } from './rotation/drain-progress.js';
export { WriteFences, type WriteFence } from './rotation/write-fences.js';
export * from './rotation/rotation-hold.js';
export * from './inventory/inventory.js';
export { Resources, ResourceConflictError } from './inventory/resources.js';
export * from './auth/access.js';
export * from './auth/api-keys.js';
export * from './auth/clients.js';
export * from './auth/client-variables.js';
export * from './auth/delegations.js';
export * from './auth/oidc-trusts.js';
export * from './auth/broker-users.js';
export * from './auth/publishers.js';
export * from './coordinator/deployments.js';
export * from './coordinator/fleet-reader.js';
export { SagaStore, type SagaTransaction, type StoredDeployment } from './coordinator/saga-store.js';
export type { PodCounters } from './coordinator/pod-queue.js';
export * from './ingress/updates.js';
export * from './ingress/pod-pauses.js';
export * from './ingress/release-marks.js';
export * from './ingress/comparisons.js';
export { QueueFullError } from './ingress/queue-depth.js';
export { sequenceUsed } from './ingress/sequences.js';
export * from './auth/signing-keys.js';
export * from './audit/audit-log.js';
export { auditing, recordAudit, type AuditFacts, type AuditScope } from './audit/audit-scope.js';
export * from './tenancy/tenant.js';
export * from './ingress/uploads.js';
export * from './ingress/upload-leases.js';
export * from './ingress/quotas.js';
export * from './ingress/quota.errors.js';
export * from './ingress/artifact-records.js';
export * from './ingress/webhooks.js';
export type { WebhookTry } from './ingress/webhook-deliveries.js';
export * from './ingress/webhook-queue.js';
export * from './ingress/artifact-collection.js';
export * from './ingress/digest-lock.js';
export * from './coordinator/kept-releases.js';
export * from './coordinator/drift-reader.js';
export { takeCensus, type Census } from './coordinator/census.js';
export type { StageTimes } from './coordinator/stage-times.js';
export { OperationsReader } from './coordinator/operations-reader.js';
export { QueueWatch } from './ingress/queue-watch.js';
export { Workers, type WorkerLoad, type WorkerRow } from './ingress/workers.js';
export {
  DriftStore,
  type LookedPod,
  type LookLimits,
  type LookResult,
  type SeenBefore,
} from './coordinator/drift-store.js';
export * from './embedded/index.js';
export * from './broker/index.js';
