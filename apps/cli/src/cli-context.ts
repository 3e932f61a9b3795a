import type { Command } from 'commander';
import { Podway } from '@podway/sdk';
import { Printer } from './output/printer.js';
import { connectionSettings } from './settings/connection-settings.js';
import type { Surroundings } from './surroundings.js';

/** About one second. */
const IMPATIENT_ATTEMPTS = 4;

/** Options that every command has. */
export interface SharedOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

/** What a command works with. */
export interface CommandContext<O extends object> {
  readonly options: O & SharedOptions;
  /** `patient`: while Podway is away, tries for longer than somebody who only wants to look would wait. */
  readonly podway: (how?: { patient?: boolean }) => Promise<Podway>;
  readonly printer: Printer;
  readonly surroundings: Surroundings;
  /** Sets the exit code. */
  exit(code: number): void;
}

export function withSharedOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where Podway listens (PODWAY_URL)')
    .option('--key <key>', 'API key (PODWAY_KEY)')
    .option('--json', 'results as JSON, for programs');
}

/** Makes the context of one run of a command. */
export function commandContext<O extends object>(
  options: O & SharedOptions,
  surroundings: Surroundings,
  exit: (code: number) => void,
): CommandContext<O> {
  return {
    options,
    surroundings,
    exit,
    printer: new Printer(surroundings, options.json === true),
    podway: async ({ patient = false } = {}) => {
      const { url, key } = options;
      const given = { ...(url === undefined ? {} : { url }), ...(key === undefined ? {} : { key }) };
      const settings = await connectionSettings(given, surroundings);
      return new Podway({ ...settings, ...(patient ? {} : { retry: { attempts: IMPATIENT_ATTEMPTS } }) });
    },
  };
}
