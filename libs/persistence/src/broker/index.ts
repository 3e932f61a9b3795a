export { PostgresBroker } from './postgres-broker.js';
export type { PostgresBrokerOptions } from './postgres-broker.options.js';
export { applyBrokerSchema, brokerSchema } from './broker-schema.js';
