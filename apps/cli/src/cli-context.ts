import type { Command } from 'commander';
import { Podway } from '@podway/sdk';
import { NotConfirmedError } from './cli.errors.js';
import { Printer } from './output/printer.js';
import { connectionSettings } from './settings/connection-settings.js';
import type { Surroundings } from './surroundings.js';

/** About one second. */
const IMPATIENT_ATTEMPTS = 4;

/** Options that every command has. */
export interface SharedOptions {
  url?: string;
  key?: string;
  profile?: string;
  json?: boolean;
  /** False: nothing is asked. */
  input?: boolean;
  /** What would be asked for is confirmed. */
  yes?: boolean;
}

/** What a command works with. */
export interface CommandContext<O extends object> {
  readonly options: O & SharedOptions;
  /** `patient`: while Podway is away, tries for longer than somebody who only wants to look would wait. */
  readonly podway: (how?: { patient?: boolean }) => Promise<Podway>;
  readonly printer: Printer;
  /** Whether somebody can be asked. */
  readonly interactive: boolean;
  /** Goes on only when somebody, or `--yes`, says so. @throws NotConfirmedError */
  confirm(question: string): Promise<void>;
  readonly surroundings: Surroundings;
  /** Sets the exit code. */
  exit(code: number): void;
}

export function withSharedOptions(command: Command): Command {
  return command
    .option('--url <url>', 'where Podway listens (PODWAY_URL)')
    .option('--key <key>', 'API key (PODWAY_KEY)')
    .option('--profile <name>', 'what `podway login` keeps (PODWAY_PROFILE)')
    .option('--json', 'results as JSON, for programs')
    .option('--no-input', 'ask nothing')
    .option('-y, --yes', 'yes to what would be asked');
}

/** Makes the context of one run of a command. */
export function commandContext<O extends object>(
  options: O & SharedOptions,
  surroundings: Surroundings,
  exit: (code: number) => void,
): CommandContext<O> {
  const { stdin, stderr } = surroundings;
  const interactive = stdin.isTTY === true && stderr.isTTY === true && options.input !== false;
  return {
    options,
    surroundings,
    exit,
    interactive,
    async confirm(question) {
      if (options.yes) return;
      const answer = interactive ? await stdin.line(`${question} [y/N] `) : 'no';
      if (!/^y(es)?$/i.test(answer.trim())) throw new NotConfirmedError(question);
    },
    printer: new Printer(surroundings, options.json === true),
    podway: async ({ patient = false } = {}) => {
      const settings = await connectionSettings(options, surroundings);
      return new Podway({
        ...{ ...settings, signal: surroundings.interrupted },
        ...(patient ? {} : { retry: { attempts: IMPATIENT_ATTEMPTS } }),
      });
    },
  };
}
