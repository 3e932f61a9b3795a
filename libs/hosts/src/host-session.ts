import type { Readable } from 'node:stream';
import type { ServerSpec } from '@podway/contracts';

/** For whoever watches. */
export interface Watched {
  /** What the command does, in one word: `snapshot`. Never a secret, and one of few. */
  verb?: string;
}

export interface ExecOptions extends Watched {
  /** Fed to the command's standard input, which is closed after it. Default: closed at once. */
  stdin?: string | Uint8Array | Readable;
  /** Longest time in milliseconds, the wait for a free channel included. Default 60000. */
  timeoutMs?: number;
  /** Longest output in bytes, for each of stdout and stderr. Default 8 MiB. */
  maxOutputBytes?: number;
  signal?: AbortSignal;
}

export interface ExecResult {
  /** Null when a signal ended the command. */
  readonly code: number | null;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StreamOptions extends Watched {
  stdin?: Readable;
  /** Longest time in milliseconds. Default: none. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface CommandStream {
  /** Ends only when the whole output has come; a lost connection destroys it with the error. */
  readonly stdout: Readable;
  /** Settles when the command has ended and `stdout` was read to its end. `stderr` is its last 64 KiB. */
  readonly done: Promise<{ code: number | null; stderr: string }>;
}

/**
 * Runs commands on one server. Arguments reach the program as they are.
 * Rejects HOST.TIMEOUT, HOST.CONNECTION_LOST, HOST.UNREACHABLE (these three retryable),
 * HOST.OUTPUT_TOO_LARGE, HOST.ABORTED, HOST.INVALID_COMMAND; never for a non-zero exit code. An input that breaks off
 * with a PodwayError rejects with that.
 * After a timeout or a lost connection the command may still be running on the server.
 */
export interface HostSession {
  /** The server's name. */
  readonly server: string;
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  stream(argv: readonly string[], options?: StreamOptions): CommandStream;
}

export type OwnedHostSession = HostSession & { close(): Promise<void> };

/** Sessions to servers: one connection a server, many channels on it. */
export interface HostSessions {
  /**
   * A session on the server's pooled connection. It stays usable after the connection was lost: the next command
   * connects again. Rejects HOST.UNREACHABLE (retryable), HOST.KEY_MISMATCH, HOST.AUTH_FAILED.
   */
  session(server: ServerSpec): Promise<HostSession>;
  /** A session on a new connection of its own, which the caller closes. */
  fresh(server: ServerSpec): Promise<OwnedHostSession>;
  /** Closes every pooled connection; running commands reject HOST.CONNECTION_LOST. */
  close(): Promise<void>;
}
