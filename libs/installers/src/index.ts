export type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';
export * from './installer.errors.js';
export { installerFor } from './installer-for.js';
export { planComponents, type ComponentPlan } from './component-plan.js';
export { PrerequisitesUnmetError, unmetPrerequisites } from './prerequisites.js';
export { lookAtServer, type ServerFacts } from './server-facts.js';
export {
  noVariables,
  resolveVariables,
  Variables,
  VariablesInvalidError,
  type SecretSource,
} from './variables.js';
export { changesServer, NotCoveredError, refuseUncovered } from './coverage.js';
export { SourceError } from './fetch.errors.js';
export { SourceFetcher, type FetchedSources, type SourceFetcherOptions } from './source-fetcher.js';
