import { PodwayError } from '@podway/contracts';

/** No queue takes this message: the topology was not declared, or the route is wrong. */
export class UnroutableMessageError extends PodwayError {
  constructor(exchange: string, routingKey: string, messageId: string) {
    super('MESSAGE.UNROUTABLE', `No queue is bound to ${exchange} with key ${routingKey}`, {
      details: { exchange, routingKey, messageId },
    });
  }
}

/** The broker did not confirm in time. The message may have arrived all the same. */
export class NotConfirmedError extends PodwayError {
  constructor(messageId: string, timeoutMs: number, cause?: unknown) {
    super('MESSAGE.NOT_CONFIRMED', `The broker did not confirm message ${messageId} within ${timeoutMs} ms`, {
      retryable: true,
      details: { messageId, timeoutMs },
      cause,
    });
  }
}

/** The broker cannot be reached, or refuses us. */
export class BrokerUnreachableError extends PodwayError {
  constructor(timeoutMs: number, cause?: unknown) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super('BROKER.UNREACHABLE', `The broker could not be reached within ${timeoutMs} ms${why}`, {
      retryable: true,
      details: { timeoutMs },
      cause,
    });
  }
}

/** Used after close(). Retryable: what a closing process cannot finish, another one can. */
export class BrokerClosedError extends PodwayError {
  constructor() {
    super('BROKER.CLOSED', 'The broker connection is closed', { retryable: true });
  }
}

/** What stands on the broker has other properties than this version declares. Remove it there, once it is empty. */
export class TopologyConflictError extends PodwayError {
  constructor(cause: unknown) {
    super('BROKER.TOPOLOGY_CONFLICT', `The broker refuses the topology: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The queue is not part of the declared topology. */
export class UnknownQueueError extends PodwayError {
  constructor(queue: string) {
    super('BROKER.UNKNOWN_QUEUE', `Queue ${queue} is not declared`, { details: { queue } });
  }
}

/** The handlers of a service do not fit the declared commands. A mistake in the program; found at start. */
export class HandlerMismatchError extends PodwayError {
  constructor(service: string, problems: readonly string[]) {
    super('HANDLER.MISMATCH', `Handlers of ${service} are wrong: ${problems.join('; ')}`, {
      details: { service, problems },
    });
  }
}

/** Commands have no replies: their outcomes are events, and go to the coordinator. */
export class NoReplyError extends PodwayError {
  constructor(pattern: string) {
    super(
      'MESSAGE.NO_REPLY',
      `${pattern} cannot be sent for a reply. Use emit(); the outcome comes as an event`,
    );
  }
}

/** RabbitMQ's management API does not answer, or refuses. */
export class BrokerManagementError extends PodwayError {
  constructor(what: string, cause?: unknown) {
    super('BROKER.MANAGEMENT_FAILED', `RabbitMQ's management API: ${what}`, { retryable: true, cause });
  }
}
