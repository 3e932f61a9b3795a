import { Argument, type Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import type { CommandLines } from '../completion/command-lines.js';
import { bashScript, fishScript, zshScript } from '../completion/scripts.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function describeCompletion(command: Command): Command {
  return command
    .description('Print what makes a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'which one').choices(shells));
}

/** `lines`: the commands of the whole program. */
export async function completion(
  { printer }: CommandContext<object>,
  shell: Shell,
  lines: CommandLines,
): Promise<void> {
  const script = scripts[shell](lines);
  printer.result({ shell, script }, () => [script.trimEnd()]);
  return Promise.resolve();
}
