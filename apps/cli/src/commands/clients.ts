import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { positive } from '../settings/duration.js';

export function describeClientsCreate(command: Command): Command {
  return command
    .description('Add a client')
    .argument('<name>', 'lower-case letters, digits and hyphens')
    .option('--note <text>', 'who it is');
}

export async function clientsCreate(
  { options, printer, podway }: CommandContext<{ note?: string }>,
  name: string,
): Promise<void> {
  const { note } = options;
  const client = await (await podway()).createClient({ name, ...(note === undefined ? {} : { note }) });
  printer.result(client, () => [`Client ${client.name} is there.`]);
}

export function describeClientsList(command: Command): Command {
  return command
    .description('List clients, by name')
    .option('--limit <number>', 'at most so many', positive)
    .option('--after <name>', 'only those after this one');
}

export async function clientsList(
  context: CommandContext<{ limit?: number; after?: string }>,
): Promise<void> {
  const { printer, options } = context;
  const { limit, after } = options;
  const clients = await (
    await context.podway()
  ).clients({ ...(limit === undefined ? {} : { limit }), ...(after === undefined ? {} : { after }) });
  const rows = clients.map((client) => [
    client.name,
    client.disabledAt === undefined ? '' : `disabled ${client.disabledAt.slice(0, 10)}`,
    client.createdAt.slice(0, 10),
    client.note ?? '',
  ]);
  printer.result({ clients }, () => printer.table(['CLIENT', 'STATE', 'SINCE', 'NOTE'], rows, 'No clients.'));
}

export function describeClientsDisable(command: Command): Command {
  return command
    .description("Refuse a client's publishers at once; its PODs go on serving")
    .argument('<name>', 'the client');
}

export async function clientsDisable(context: CommandContext<object>, name: string): Promise<void> {
  const client = await (await context.podway()).changeClient(name, { disabled: true });
  context.printer.result(client, () => [`The publishers of ${name} are refused from now on.`]);
}

export function describeClientsEnable(command: Command): Command {
  return command.description("Let a disabled client's publishers in again").argument('<name>', 'the client');
}

export async function clientsEnable(context: CommandContext<object>, name: string): Promise<void> {
  const client = await (await context.podway()).changeClient(name, { disabled: false });
  context.printer.result(client, () => [`The publishers of ${name} may come in again.`]);
}
