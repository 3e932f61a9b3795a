import type { Readable, Writable } from 'node:stream';

export interface CommandExit {
  readonly code: number | null;
  readonly signal?: string;
}

/** A command that was started, however it is reached. */
export interface RunningCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves after the output has come to its end; rejects HOST.CONNECTION_LOST. */
  readonly ended: Promise<CommandExit>;
  /** Ends it as far as that is possible, and closes its streams. */
  kill(): void;
}

/** Starts a command; must not start it after `signal` has fired. */
export type StartCommand = (argv: readonly string[], signal: AbortSignal) => Promise<RunningCommand>;
