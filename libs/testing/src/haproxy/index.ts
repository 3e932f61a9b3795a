export * from './start-haproxy.js';
