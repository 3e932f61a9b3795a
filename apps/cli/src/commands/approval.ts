import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

interface ApprovalOptions {
  reason?: string;
}

export function describeApprove(command: Command): Command {
  return command
    .description('Let the verified state of a canary that waits go to all servers')
    .argument('<deployment>', 'id of the deployment')
    .option('--reason <text>', 'why');
}

export async function approve(context: CommandContext<ApprovalOptions>, id: string): Promise<void> {
  const podway = await context.podway();
  const view = await podway.approve(id, context.options.reason);
  context.printer.result(view, () => [
    `Deployment ${view.id} is approved; its state goes to all servers.`,
    `podway status ${view.id} shows how it ends.`,
  ]);
}

export function describeRefuse(command: Command): Command {
  return command
    .description('Have a canary that waits for an approval rolled back')
    .argument('<deployment>', 'id of the deployment')
    .option('--reason <text>', 'why');
}

export async function refuse(context: CommandContext<ApprovalOptions>, id: string): Promise<void> {
  const podway = await context.podway();
  const view = await podway.refuse(id, context.options.reason);
  context.printer.result(view, () => [
    `Deployment ${view.id} is refused; its canary is rolled back.`,
    `podway status ${view.id} shows how it ends.`,
  ]);
}
