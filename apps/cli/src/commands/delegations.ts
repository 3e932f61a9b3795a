import { Option, type Command } from 'commander';
import { podRights, type DelegationView, type PodRight } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { minute } from '../output/credential-state.js';
import { pageOf, withPage, type PageOptions } from '../settings/page.js';

interface CreateOptions {
  client: string;
  pod: string[];
  toClient?: string;
  toKey?: string;
  right: PodRight[];
  from?: string;
  until: string;
  note?: string;
}

export function describeDelegationsCreate(command: Command): Command {
  return command
    .description('Let a third party act on some PODs of a client, for a time')
    .requiredOption('--client <client>', 'whose PODs they are')
    .requiredOption('--pod <pod...>', 'the PODs')
    .addOption(new Option('--to-client <client>', 'the third party: all its publishers').conflicts('toKey'))
    .option('--to-key <id>', 'the third party: this publisher alone')
    .addOption(new Option('--right <right...>', 'what they may do').choices(podRights).makeOptionMandatory())
    .option('--from <time>', 'when it begins; default: now')
    .requiredOption('--until <time>', 'when it ends: 2030-01-31T00:00:00Z')
    .option('--note <text>', 'why');
}

export async function delegationsCreate(context: CommandContext<CreateOptions>): Promise<void> {
  const { client, pod, toClient, toKey, right, from, until, note } = context.options;
  const podway = await context.podway();
  const made = await podway.createDelegation({
    ...{ client, pods: pod, rights: right, until },
    ...(toClient === undefined ? {} : { toClient }),
    ...(toKey === undefined ? {} : { toKey }),
    ...(from === undefined ? {} : { from }),
    ...(note === undefined ? {} : { note }),
  });
  context.printer.result(made, () => [
    `${made.toClient ?? made.toKey} may ${made.rights.join(', ')} ${made.pods.join(' ')} until ${made.until}: delegation ${made.id}.`,
  ]);
}

export function describeDelegationsList(command: Command): Command {
  return withPage(command.description('List delegations, newest first'));
}

export async function delegationsList(context: CommandContext<PageOptions>): Promise<void> {
  const { options, printer } = context;
  const delegations = await (await context.podway()).delegations(pageOf(options));
  const rows = delegations.map((one) => [
    one.id,
    stateOf(one),
    one.client,
    one.pods.join(' '),
    one.toClient ?? one.toKey ?? '',
    one.rights.join(' '),
    minute(one.until),
  ]);
  const heading = ['DELEGATION', 'STATE', 'CLIENT', 'PODS', 'TO', 'RIGHTS', 'UNTIL'];
  printer.result({ delegations }, () => printer.table(heading, rows, 'No delegations.'));
}

function stateOf({ revokedAt, from, until }: DelegationView): string {
  if (revokedAt !== undefined) return 'revoked';
  const now = new Date();
  if (new Date(until) <= now) return 'over';
  return new Date(from) <= now ? 'in force' : 'to come';
}

export function describeDelegationsRevoke(command: Command): Command {
  return command.description('End a delegation at once').argument('<id>', 'the delegation');
}

export async function delegationsRevoke(context: CommandContext<object>, id: string): Promise<void> {
  await context.confirm(`Revoke delegation ${id} for ever?`);
  await (await context.podway()).revokeDelegation(id);
  context.printer.result({ id, revoked: true }, () => [`Delegation ${id} is revoked.`]);
}
