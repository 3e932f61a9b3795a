export * from './state-driver.js';
export * from './step-log.js';
export * from './state.errors.js';
export { TreeStateDriver, type TreeStateOptions } from './tree-state-driver.js';
export { StateSetDriver } from './state-set-driver.js';
export { inParallel } from './in-parallel.js';
export { EMPTY_FINGERPRINT } from './common-base.js';
export { serverFacts, type FactsWanted, type ServerFacts } from './server-facts.js';
