// What needs neither decorators nor validators: small enough for a browser.
export * from './patterns.js';
export { PodwayError, type PodwayErrorOptions } from './errors.js';
export * from './deployment-states.js';
export * from './documents/environment.js';
export * from './log-levels.js';
export * from './api/roles.js';
