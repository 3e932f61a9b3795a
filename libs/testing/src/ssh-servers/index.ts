export { freePort } from '@podway/persistence/embedded';
export { SshServers, type SshServersOptions } from './ssh-servers.js';
export { SshServer } from './ssh-server.js';
export { SiteServer } from './site-server.js';
