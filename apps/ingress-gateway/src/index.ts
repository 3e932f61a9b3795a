export { service } from './service.js';
export { IngressGatewaySettings } from './ingress-gateway.config.js';
export { apiEndpoints } from './api/endpoints.js';
export type { EndpointSpec } from './api/endpoint.js';
