export { BrokerServer, type BrokerServerOptions } from './broker.server.js';
export { BrokerClient } from './broker.client.js';
export { BrokerContext } from './broker.context.js';
export { CommandHandler, EventHandler, type HandlerOptions } from './handler.decorators.js';
export { assertHandlers } from './handlers.js';
export { PassThroughFilter } from './pass-through.filter.js';
