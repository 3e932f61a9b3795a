export { AmqpBroker } from './amqp-broker.js';
export type { AmqpBrokerOptions } from './amqp-broker.options.js';
