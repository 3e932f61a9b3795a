export * from './forgeries.js';
export * from './signing-pair.js';
