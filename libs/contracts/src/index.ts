export * from './patterns.js';
export * from './errors.js';
export * from './validation.js';
export { FORM } from './forms.js';
export { RULE } from './rules.js';
export * from './registry.js';
export * from './envelope.js';
export * from './update-modes.js';
export * from './deployment-states.js';
export * from './log-levels.js';
export * from './messages/step.js';
export * from './messages/intake.js';
export * from './messages/authenticating.js';
export * from './messages/resolving.js';
export * from './messages/snapshotting.js';
export * from './messages/installing.js';
export * from './messages/verifying.js';
export * from './messages/waiting.js';
export * from './messages/replicating.js';
export * from './messages/rolling-back.js';
export * from './messages/looking.js';
export * from './messages/progress.js';
export * from './messages/webhooks.js';
export * from './documents/accesses-spec.js';
export * from './documents/checks.js';
export * from './documents/metric-query.js';
export * from './documents/publisher-checks.js';
export * from './documents/verification-spec.js';
export * from './documents/waiting-spec.js';
export * from './documents/drift-spec.js';
export * from './documents/state-changes.js';
export { ResourceSpec } from './documents/resource-spec.js';
export { promotions, type Promotion } from './documents/promotion.js';
export * from './documents/environment.js';
export * from './documents/pods-file.js';
export * from './documents/server-spec.js';
export { PartCommands } from './documents/part-commands.js';
export { StatePart, statePartKinds, type StatePartKind } from './documents/state-part.js';
export { BalancerSpec, balancerKinds, type BalancerKind } from './documents/balancer-spec.js';
export {
  canaryPolicies,
  loadSources,
  type CanaryPolicy,
  type LoadSource,
} from './documents/canary-policy.js';
export * from './documents/bundle-manifest.js';
export { Component, installerKinds, type InstallerKind } from './documents/component.js';
export { orderedByNeeds } from './documents/component-order.js';
export type { PropertyValue } from './documents/msi-properties.js';
export type { SqlEngine } from './documents/sql-fields.js';
export { Condition } from './documents/condition.js';
export { ProgramsSpec } from './documents/programs-spec.js';
export { OsWanted, Prerequisites } from './documents/prerequisites.js';
export {
  isVariableText,
  MOST_VALUES,
  SECRET_ENVIRONMENT,
  VariableSpec,
  type SecretReference,
  type VariableValues,
} from './documents/variables.js';
export * from './documents/update-statement.js';
export * from './canonical-json.js';
export * from './api/problem.js';
export * from './api/updates.js';
export * from './api/deployments.js';
export * from './api/pods.js';
export * from './api/fleet.js';
export * from './api/caller.js';
export * from './api/releases.js';
export * from './api/drift.js';
export * from './api/diagnosis.js';
export * from './api/plans.js';
export * from './api/keys.js';
export * from './api/roles.js';
export * from './api/clients.js';
export * from './api/client-variables.js';
export * from './api/trusts.js';
export * from './api/delegations.js';
export * from './api/events.js';
export * from './api/logs.js';
export * from './api/dead-letters.js';
export * from './api/operations.js';
export * from './api/signing-keys.js';
export * from './api/audit.js';
export * from './api/uploads.js';
export * from './api/quotas.js';
export * from './api/artifacts.js';
export * from './api/broker-users.js';
export * from './api/webhooks.js';
export * from './outside/publish-update.js';
export * from './outside/client-envelope.js';
