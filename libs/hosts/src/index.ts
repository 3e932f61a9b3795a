export * from './host-session.js';
export * from './host.errors.js';
export { shellCommand } from './shell-command.js';
export { LocalHostSessions, type LocalHostOptions } from './local-host-sessions.js';
export { NodeSshHostSessions } from './node-ssh-host-sessions.js';
export { InventoryHostSessions, type InventoryHostOptions } from './inventory-host-sessions.js';
export type { PooledSshOptions } from './pooled-ssh-host.js';
export type { SshConnectOptions } from './ssh-connection.js';
