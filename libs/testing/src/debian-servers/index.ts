export { startDebianServers, type DebianServers, type DebianServersOptions } from './debian-servers.js';
export type { DebianServer } from './debian-server.js';
export type { Volume } from './server-disk.js';
export { makeDebianPackage, type DebianPackageContent } from './debian-package.js';
export { DebianServersUnavailableError, ToolFailedError } from './debian-servers.errors.js';
export { startDebianMachine, type DebianMachine } from './debian-machine.js';
export { aptSource } from './debian-root.js';
