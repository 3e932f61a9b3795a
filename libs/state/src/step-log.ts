import type { LogLevel } from '@podway/contracts';

/** Something of a server that has a log of its own: a component of the bundle, or a check. */
export interface LoggedPart {
  readonly server: string;
  readonly part: string;
}

/** What happens on servers, line by line, for people. Secrets are taken out before. */
export interface StepLog {
  /** What the step itself has to say, in one line or several. Said again, it is there again. */
  say(said: LoggedPart & { readonly level: LogLevel; readonly text: string }): void;
  /** One whole line of what a program has printed, counted from 0: read and told again, it is there once. */
  output(printed: LoggedPart & { readonly line: number; readonly text: string }): void;
  /** Resolves when all of it is kept. Rejects when it cannot be: the step has to come back. */
  kept(): Promise<void>;
}

/** For what happens on no server. */
export const noStepLog: StepLog = {
  say: () => undefined,
  output: () => undefined,
  kept: () => Promise.resolve(),
};
