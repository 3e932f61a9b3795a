export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export * from './embedded.errors.js';
export { freePort } from './free-port.js';
