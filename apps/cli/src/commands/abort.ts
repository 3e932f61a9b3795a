import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

interface AbortOptions {
  reason?: string;
}

export function describeAbort(command: Command): Command {
  return command
    .description('Stop a deployment; what it has changed is rolled back')
    .argument('<deployment>', 'id of the deployment')
    .option('--reason <text>', 'why');
}

export async function abort(context: CommandContext<AbortOptions>, id: string): Promise<void> {
  const podway = await context.podway();
  const view = await podway.abort(id, context.options.reason);
  context.printer.result(view, () => [
    `Deployment ${view.id} is asked to stop; it is ${view.state} now.`,
    `podway status ${view.id} shows how it ends.`,
  ]);
}
