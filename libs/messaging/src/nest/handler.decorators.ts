import { applyDecorators, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { messageOf, type MessageClass } from '@podway/contracts';
import { PassThroughFilter } from './pass-through.filter.js';

export interface HandlerOptions {
  /** Messages of this queue handled at once in one process. Default 1. */
  readonly prefetch?: number;
}

/** The method handles a command. The message is acked once it has resolved. */
export function CommandHandler(command: MessageClass, options: HandlerOptions = {}): MethodDecorator {
  return handlerOf([command], 'command', options);
}

/** The method handles events: outcomes of steps, and what is asked of the coordinator. */
export function EventHandler(events: readonly MessageClass[], options: HandlerOptions = {}): MethodDecorator {
  return handlerOf(events, 'event', options);
}

function handlerOf(
  classes: readonly MessageClass[],
  kind: 'command' | 'event',
  options: HandlerOptions,
): MethodDecorator {
  const types = classes.map((messageClass) => {
    const definition = messageOf(messageClass);
    if (definition.kind !== kind) throw new TypeError(`${definition.name} is not a declared ${kind}`);
    return definition.type;
  });
  return applyDecorators(EventPattern(types, { ...options }), UseFilters(PassThroughFilter));
}
