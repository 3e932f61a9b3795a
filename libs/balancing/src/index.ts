export * from './load-balancer.js';
export * from './gateway-load-balancer.js';
export * from './balancer-by-pod.js';
export * from './haproxy/haproxy.errors.js';
export { HaproxyLoadBalancer } from './haproxy/haproxy-load-balancer.js';
export { HaproxyWatch, type HaproxyWatchOptions } from './haproxy/haproxy-watch.js';
