import { PodwayError } from '@podway/contracts';
import { exitCodeOfError } from './exit-codes.js';
import { hintFor } from './hints.js';
import { Printer } from './output/printer.js';
import type { Surroundings } from './surroundings.js';

/** Tells an error on standard error, as a line of JSON if `json`, and returns the exit code that stands for it. */
export function reportError(error: unknown, surroundings: Surroundings, json: boolean): number {
  const printer = new Printer(surroundings, json);
  if (error instanceof PodwayError) {
    const { problems } = error.details as { problems?: unknown };
    const more = Array.isArray(problems) ? problems.map(String) : [];
    printer.error(error.code, error.message, more, hintFor(error.code));
  } else if (surroundings.interrupted.aborted) {
    printer.error('CLI.INTERRUPTED', 'stopped before Podway had answered');
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    printer.error('CLI.BUG', text);
  }
  return exitCodeOfError(error);
}
