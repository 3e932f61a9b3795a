import { PodwayError } from '@podway/contracts';

/** A HAProxy's runtime API cannot be reached, does not answer in time, or hung up in the middle. */
export class BalancerUnreachableError extends PodwayError {
  constructor(socket: string, why: string, cause?: unknown) {
    super('BALANCER.UNREACHABLE', `HAProxy at ${socket} does not answer: ${why}`, {
      retryable: true,
      details: { socket },
      cause,
    });
  }
}

/** What answers is no HAProxy, or one that speaks another form than ours. */
export class BalancerBadReplyError extends PodwayError {
  constructor(socket: string, why: string) {
    super('BALANCER.BAD_REPLY', `What answers at ${socket} is not understood: ${why}`, {
      details: { socket },
    });
  }
}

/** HAProxy did not do what it was told to: its socket has not the level admin, for example. */
export class BalancerRefusedError extends PodwayError {
  constructor(socket: string, words: string) {
    super('BALANCER.REFUSED', `HAProxy at ${socket} refuses: ${words.slice(0, 300)}`, {
      details: { socket },
    });
  }
}

/** The POD's entry names a backend that a HAProxy does not have. */
export class UnknownBackendError extends PodwayError {
  constructor(socket: string, backend: string) {
    super('BALANCER.UNKNOWN_BACKEND', `HAProxy at ${socket} has no backend ${backend}`, {
      details: { socket, backend },
    });
  }
}

/** A server of the POD is not in the backend. */
export class UnknownBackendServerError extends PodwayError {
  constructor(socket: string, backend: string, server: string) {
    super('BALANCER.UNKNOWN_SERVER', `HAProxy at ${socket} has no server ${server} in backend ${backend}`, {
      details: { socket, backend, server },
    });
  }
}
