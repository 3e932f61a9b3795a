import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { changesLines } from '../output/change-lines.js';
import { chosenPod } from '../settings/chosen-pod.js';
import { positive } from '../settings/duration.js';
import { releaseNumber } from './releases.js';

interface DiffOptions {
  pod?: string;
  limit?: number;
  after?: string;
}

export function describeDiff(command: Command): Command {
  return command
    .description('Show which files differ between two kept releases of a POD')
    .argument('<from>', 'number of the one release')
    .argument('<to>', 'number of the other')
    .option('--pod <pod>', 'the POD (default: the only one)')
    .option('--limit <number>', 'at most so many files (default: 200)', positive)
    .option('--after <path>', 'only those behind this path: the next page');
}

export async function diff(context: CommandContext<DiffOptions>, from: string, to: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const pod = await chosenPod(podway, undefined, options.pod);
  const { limit, after } = options;
  const found = await podway.diff(pod, { from: releaseNumber(from), to: releaseNumber(to), limit, after });
  printer.result(found, () => [
    ...changesLines(found.tree, printer),
    ...(found.next === undefined ? [] : [printer.colors.dim(`The next page: --after '${found.next}'`)]),
  ]);
}
