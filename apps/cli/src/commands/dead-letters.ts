import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { positive } from '../settings/duration.js';

interface DeadLetterOptions {
  queue?: string;
  limit?: number;
}

export function describeDeadLettersList(command: Command): Command {
  return withQueue(command.description('List messages that were given up'));
}

export async function deadLettersList(context: CommandContext<DeadLetterOptions>): Promise<void> {
  const { printer } = context;
  const podway = await context.podway();
  const list = await podway.deadLetters(asked(context.options));
  const rows = list.deadLetters.map((one) => [
    one.diedAt.slice(0, 19),
    one.queue.replace(/^podway\./, ''),
    one.code,
    one.reason,
  ]);
  printer.result(list, () => printer.table(['DIED', 'QUEUE', 'CODE', 'REASON'], rows, 'No dead letters.'));
}

export function describeDeadLettersReplay(command: Command): Command {
  return withQueue(command.description('Put dead letters back into their queues'));
}

export async function deadLettersReplay(context: CommandContext<DeadLetterOptions>): Promise<void> {
  const podway = await context.podway();
  const replayed = await podway.replayDeadLetters(asked(context.options));
  context.printer.result({ replayed }, () => [`${replayed} put back.`]);
}

function withQueue(command: Command): Command {
  return command
    .option('--queue <queue>', 'only of this queue')
    .option('--limit <number>', 'at most so many', positive);
}

function asked({ queue, limit }: DeadLetterOptions): DeadLetterOptions {
  return { ...(queue === undefined ? {} : { queue }), ...(limit === undefined ? {} : { limit }) };
}
