export * from './broker.js';
export * from './topology.js';
export * from './routing.js';
export * from './messaging.errors.js';
export * from './deadline.js';
export * from './amqp/index.js';
export * from './nest/index.js';
export * from './management/index.js';
