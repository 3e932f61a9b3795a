export * from './load-balancer.js';
export * from './gateway-load-balancer.js';
