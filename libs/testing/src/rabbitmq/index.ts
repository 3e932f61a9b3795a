export { startRabbitMq, type TestRabbitMq } from './start-rabbitmq.js';
export * from './rabbitmq.errors.js';
