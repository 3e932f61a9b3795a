export { startPostgres, type TestPostgres } from './start-postgres.js';
export { startDebianPostgres, type DebianPostgres } from './start-debian-postgres.js';
