import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

interface RetryOptions {
  acceptLoss?: boolean;
}

export function describeRetry(command: Command): Command {
  return command
    .description('Try a failed roll-back again, after its cause was mended (for operators)')
    .argument('<deployment>', 'id of the deployment')
    .option(
      '--accept-loss',
      'even where that loses what users have written to databases since (STATE.LOSS_WINDOW)',
    );
}

export async function retry(context: CommandContext<RetryOptions>, id: string): Promise<void> {
  if (context.options.acceptLoss)
    await context.confirm('Lose what users have written to databases since the update?');
  const podway = await context.podway();
  const view = await podway.retry(id, context.options.acceptLoss ? { acceptLoss: true } : {});
  context.printer.result(view, () => [
    `Deployment ${view.id} is rolled back once more.`,
    `podway status ${view.id} shows how it ends.`,
  ]);
}
