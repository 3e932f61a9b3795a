import { Option, type Command } from 'commander';
import { keyRoles, type KeyRole } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';

interface CreateOptions {
  client: string;
  role: KeyRole;
  note?: string;
  expires?: string;
}

export function describeKeysCreate(command: Command): Command {
  return command
    .description('Make an API key; its text is shown this once')
    .requiredOption('--client <client>', 'whose key it is; * for the hosting service')
    .addOption(new Option('--role <role>', 'what it may do').choices(keyRoles).makeOptionMandatory())
    .option('--note <text>', 'what it is for')
    .option('--expires <time>', 'when it ends: 2030-01-31T00:00:00Z');
}

export async function keysCreate(context: CommandContext<CreateOptions>): Promise<void> {
  const { options, printer } = context;
  const { client, role, note, expires } = options;
  const podway = await context.podway();
  const made = await podway.createKey({
    client,
    role,
    ...(note === undefined ? {} : { note }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  printer.note(`Key ${made.id} of ${made.client}, ${made.role}. Keep it: it is not shown again.`);
  printer.result(made, () => [made.key]);
}

export function describeKeysRevoke(command: Command): Command {
  return command.description('Revoke an API key at once').argument('<id>', 'the 12 characters after pw_');
}

export async function keysRevoke(context: CommandContext<object>, id: string): Promise<void> {
  const podway = await context.podway();
  await podway.revokeKey(id);
  context.printer.result({ id, revoked: true }, () => [`Key ${id} is revoked.`]);
}
