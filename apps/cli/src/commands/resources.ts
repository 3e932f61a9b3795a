import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

export function describeResourcesList(command: Command): Command {
  return command.description('List the resources that the key may see, and the PODs that serve them');
}

export async function resourcesList(context: CommandContext<object>): Promise<void> {
  const { printer } = context;
  const podway = await context.podway();
  const resources = await podway.resources();
  const rows = resources.map(({ name, client, mode, pods }) => [name, client, mode, pods.join(' ')]);
  const empty = 'No resources yet. They stand in pods.yaml, below `resources`.';
  printer.result({ resources }, () => printer.table(['RESOURCE', 'CLIENT', 'MODE', 'PODS'], rows, empty));
}
