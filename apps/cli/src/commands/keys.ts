import { Option, type Command } from 'commander';
import { keyRoles, type KeyRole, type KeyView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { credentialState, minute } from '../output/credential-state.js';
import { pageOf, withPage, type PageOptions } from '../settings/page.js';

interface CreateOptions {
  client: string;
  role: KeyRole;
  publisher?: string;
  note?: string;
  pod?: string[];
  expires?: string;
}

export function describeKeysCreate(command: Command): Command {
  return command
    .description('Make an API key; its text is shown this once')
    .requiredOption('--client <client>', 'whose key it is; * for the hosting service')
    .addOption(new Option('--role <role>', 'what it may do').choices(keyRoles).makeOptionMandatory())
    .option('--publisher <name>', 'who holds it')
    .option('--note <text>', 'what it is for')
    .option('--pod <pod...>', 'the only PODs that it is good for')
    .option('--expires <time>', 'when it ends: 2030-01-31T00:00:00Z');
}

export async function keysCreate(context: CommandContext<CreateOptions>): Promise<void> {
  const { options, printer } = context;
  const { client, role, publisher, note, pod, expires } = options;
  const podway = await context.podway();
  const made = await podway.createKey({
    client,
    role,
    ...(publisher === undefined ? {} : { publisher }),
    ...(note === undefined ? {} : { note }),
    ...(pod === undefined ? {} : { pods: pod }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  printer.note(`Key ${made.id} of ${made.client}, ${made.role}. Keep it: it is not shown again.`);
  printer.result(made, () => [made.key]);
}

export function describeKeysList(command: Command): Command {
  return withPage(command.description('List API keys, newest first'));
}

export async function keysList(context: CommandContext<PageOptions>): Promise<void> {
  const { options, printer } = context;
  const keys = await (await context.podway()).keys(pageOf(options));
  const heading = ['KEY', 'STATE', 'CLIENT', 'ROLE', 'PODS', 'PUBLISHER', 'LAST USED', 'NOTE'];
  printer.result({ keys }, () => printer.table(heading, keys.map(row), 'No keys.'));
}

function row(key: KeyView): string[] {
  return [
    key.id,
    credentialState(key),
    key.client,
    key.role,
    key.pods?.join(' ') ?? 'all',
    key.publisher ?? '',
    key.lastUsedAt === undefined ? 'never' : minute(key.lastUsedAt),
    key.note ?? '',
  ];
}

export function describeKeysRevoke(command: Command): Command {
  return command.description('Revoke an API key at once').argument('<id>', 'the 12 characters after pw_');
}

export async function keysRevoke(context: CommandContext<object>, id: string): Promise<void> {
  const podway = await context.podway();
  await context.confirm(`Revoke key ${id} for ever?`);
  await podway.revokeKey(id);
  context.printer.result({ id, revoked: true }, () => [`Key ${id} is revoked.`]);
}
