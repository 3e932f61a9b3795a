export type { BundleSource, Installed, Installer, InstallRequest } from './installer.js';
export * from './installer.errors.js';
export { installerFor } from './installer-for.js';
