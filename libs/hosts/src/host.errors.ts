import { PodwayError } from '@podway/contracts';

/** No connection could be made: name, route, port, handshake or time. */
export class HostUnreachableError extends PodwayError {
  constructor(server: string, reason: string, cause?: unknown) {
    super('HOST.UNREACHABLE', `${server} cannot be reached: ${reason}`, {
      retryable: true,
      details: { server },
      cause,
    });
  }
}

/** The host takes no more channels on this connection. Nothing was started. */
export class ChannelRefusedError extends HostUnreachableError {
  constructor(server: string, cause: unknown) {
    super(server, 'it takes no more commands at once on this connection (MaxSessions of sshd)', cause);
  }
}

/** The host shows a key that the inventory does not name. Somebody else may be answering. */
export class HostKeyMismatchError extends PodwayError {
  constructor(server: string, host: string, shown: string) {
    super(
      'HOST.KEY_MISMATCH',
      `${server}: ${host} shows the host key "${shown}", which is not among its hostKeys; if the key was changed on purpose, put it into the inventory`,
      { details: { server, host, shown } },
    );
  }
}

/** The host does not accept our key, or there is no usable key. */
export class HostAuthFailedError extends PodwayError {
  constructor(server: string, reason: string, cause?: unknown) {
    super('HOST.AUTH_FAILED', `${server}: ${reason}`, { details: { server }, cause });
  }
}

/** The command took longer than it may. It may still be running. */
export class HostTimeoutError extends PodwayError {
  constructor(server: string, program: string, timeoutMs: number) {
    super('HOST.TIMEOUT', `${server}: ${program} took longer than ${timeoutMs} ms`, {
      retryable: true,
      details: { server, program, timeoutMs },
    });
  }
}

/** The connection went away under a command. What the command did is not known. */
export class HostConnectionLostError extends PodwayError {
  constructor(server: string, cause?: unknown) {
    super('HOST.CONNECTION_LOST', `${server}: the connection was lost`, {
      retryable: true,
      details: { server },
      cause,
    });
  }
}

export class HostOutputTooLargeError extends PodwayError {
  constructor(server: string, program: string, maxOutputBytes: number) {
    super('HOST.OUTPUT_TOO_LARGE', `${server}: ${program} wrote more than ${maxOutputBytes} bytes`, {
      details: { server, program, maxOutputBytes },
    });
  }
}

/** The caller gave up: its signal fired, or it stopped reading or feeding the stream. */
export class HostAbortedError extends PodwayError {
  constructor(server: string, program: string, cause?: unknown) {
    super('HOST.ABORTED', `${server}: ${program} was given up`, { details: { server, program }, cause });
  }
}

/** An argument array that no program can be started with. */
export class InvalidCommandError extends PodwayError {
  constructor(reason: string) {
    super('HOST.INVALID_COMMAND', `The command cannot be run: ${reason}`);
  }
}

/** The inventory names no way to the server, or one that this installation does not allow. */
export class HostAccessError extends PodwayError {
  constructor(server: string, reason: string) {
    super('HOST.NO_ACCESS', `${server}: ${reason}`, { details: { server } });
  }
}
