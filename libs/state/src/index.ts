export * from './state-driver.js';
export * from './state.errors.js';
export { TreeStateDriver, type TreeStateOptions } from './tree-state-driver.js';
export { EMPTY_FINGERPRINT } from './common-base.js';
