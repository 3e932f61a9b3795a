export * from './start-prometheus.js';
