import type { Command, Option } from 'commander';

/** One command, as completion knows it. */
export interface CommandLine {
  /** Without the program's name: empty for the program itself. */
  readonly path: string;
  readonly description: string;
  /** Commands below it. */
  readonly below: readonly string[];
  readonly options: readonly OptionWords[];
  /** What its argument may be, where that is a choice. */
  readonly choices: readonly string[];
}

export interface OptionWords {
  readonly long: string;
  readonly short?: string;
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export type CommandLines = readonly CommandLine[];

/** A program and all its commands. */
export function commandLines(program: Command): CommandLines {
  return linesOf(program, '');
}

function linesOf(command: Command, path: string): CommandLine[] {
  const below = command.commands.map((one) => one.name());
  const line: CommandLine = {
    ...{ path, below, description: command.description() },
    options: [...command.options.flatMap(wordsOf), HELP],
    choices: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  };
  const deeper = command.commands.map((one) =>
    linesOf(one, path === '' ? one.name() : `${path} ${one.name()}`),
  );
  return [line, ...deeper.flat()];
}

const HELP: OptionWords = {
  ...{ long: '--help', short: '-h', description: 'show how it is used' },
  ...{ takesValue: false, choices: [] },
};

function wordsOf({ long, short, description, required, optional, argChoices }: Option): OptionWords[] {
  if (!long) return [];
  return [
    {
      ...{ long, description, takesValue: required || optional, choices: argChoices ?? [] },
      ...(short ? { short } : {}),
    },
  ];
}
