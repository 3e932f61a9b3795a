import type { LogLevel } from '@podway/contracts';
import type { LoggedPart, StepLog } from '@podway/state';

/** Remembers what was told, in its order. */
export class RecordingLog implements StepLog {
  readonly said: (LoggedPart & { level: LogLevel; text: string })[] = [];
  readonly printed: (LoggedPart & { line: number; text: string })[] = [];

  say(said: LoggedPart & { level: LogLevel; text: string }): void {
    this.said.push(said);
  }

  output(printed: LoggedPart & { line: number; text: string }): void {
    this.printed.push(printed);
  }

  kept(): Promise<void> {
    return Promise.resolve();
  }
}
