export * from './fleet.js';
export * from './service-process.js';
export * from './debian-packages.js';
