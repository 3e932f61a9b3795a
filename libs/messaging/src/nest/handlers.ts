import type { MessageHandler } from '@nestjs/microservices';
import { commandsOf, messageOfType, type ServiceName } from '@podway/contracts';
import { HandlerMismatchError } from '../messaging.errors.js';
import { queueOf } from '../topology.js';

export type Handlers = ReadonlyMap<string, MessageHandler>;

/** The queues that these handlers need, each with the largest prefetch that one of them asks for. */
export function queuesFor(handlers: Handlers, defaultPrefetch: number): Map<string, number> {
  const queues = new Map<string, number>();
  for (const [type, handler] of handlers) {
    const definition = messageOfType(type);
    if (!definition) throw new HandlerMismatchError('this process', [`${type} is not a declared message`]);
    const asked: unknown = handler.extras?.['prefetch'];
    const prefetch = typeof asked === 'number' ? asked : defaultPrefetch;
    const queue = queueOf(definition);
    queues.set(queue, Math.max(prefetch, queues.get(queue) ?? 0));
  }
  return queues;
}

/**
 * Proves that a service has exactly one handler for each of its commands and none for what is not its own;
 * events are the coordinator's. Throws {@link HandlerMismatchError}.
 */
export function assertHandlers(service: ServiceName, server: { getHandlers(): Handlers }): void {
  const handlers = server.getHandlers();
  const problems: string[] = [];
  for (const { type, name } of commandsOf(service))
    if (!handlers.has(type)) problems.push(`none for ${name}`);
  for (const [type, handler] of handlers) {
    const definition = messageOfType(type);
    const owner = definition?.kind === 'event' ? 'saga-coordinator' : definition?.service;
    if (!definition) problems.push(`${type} is not a declared message`);
    else if (owner !== service) problems.push(`${definition.name} is for ${owner}`);
    if (handler.next) problems.push(`more than one for ${definition?.name ?? type}`);
  }
  if (problems.length > 0) throw new HandlerMismatchError(service, problems);
}
