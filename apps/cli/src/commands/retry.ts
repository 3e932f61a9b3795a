import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

export function describeRetry(command: Command): Command {
  return command
    .description('Try a failed roll-back again, after its cause was mended (for operators)')
    .argument('<deployment>', 'id of the deployment');
}

export async function retry(context: CommandContext<object>, id: string): Promise<void> {
  const podway = await context.podway();
  const view = await podway.retry(id);
  context.printer.result(view, () => [
    `Deployment ${view.id} is rolled back once more.`,
    `podway status ${view.id} shows how it ends.`,
  ]);
}
