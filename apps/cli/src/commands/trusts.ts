import { InvalidArgumentError, Option, type Command } from 'commander';
import { tokenRoles, type RequiredClaim, type TokenRole } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { credentialState } from '../output/credential-state.js';
import { pageOf, withPage, type PageOptions } from '../settings/page.js';

interface CreateOptions {
  issuer: string;
  audience: string;
  claim: RequiredClaim[];
  client: string;
  role: TokenRole;
  pod?: string[];
  note?: string;
  expires?: string;
}

export function describeTrustsCreate(command: Command): Command {
  return command
    .description("Take an OIDC issuer's short-lived tokens for a client's publisher")
    .requiredOption('--issuer <url>', 'who signs the tokens, as their iss says')
    .requiredOption('--audience <text>', 'what the tokens must be made for')
    .requiredOption('--claim <name=value>', 'what the tokens must say; may be given more than once', claim)
    .requiredOption('--client <client>', 'whom they act for')
    .addOption(new Option('--role <role>', 'what they may do').choices(tokenRoles).makeOptionMandatory())
    .option('--pod <pod...>', 'the only PODs that they are good for')
    .option('--note <text>', 'what it is for')
    .option('--expires <time>', 'when the trust ends: 2030-01-31T00:00:00Z');
}

function claim(text: string, before: RequiredClaim[] = []): RequiredClaim[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be like repository=acme/shop.');
  return [...before, { name: text.slice(0, at), value: text.slice(at + 1) }];
}

export async function trustsCreate(context: CommandContext<CreateOptions>): Promise<void> {
  const { issuer, audience, claim: claims, client, role, pod, note, expires } = context.options;
  const podway = await context.podway();
  const trust = await podway.createTrust({
    ...{ issuer, audience, claims, client, role },
    ...(pod === undefined ? {} : { pods: pod }),
    ...(note === undefined ? {} : { note }),
    ...(expires === undefined ? {} : { expiresAt: expires }),
  });
  context.printer.result(trust, () => [
    `Tokens of ${trust.issuer} with these claims are taken: publisher oidc:${trust.id}.`,
  ]);
}

export function describeTrustsList(command: Command): Command {
  return withPage(command.description('List the issuers whose tokens are taken, newest first'));
}

export async function trustsList(context: CommandContext<PageOptions>): Promise<void> {
  const { options, printer } = context;
  const trusts = await (await context.podway()).trusts(pageOf(options));
  const rows = trusts.map((trust) => [
    trust.id,
    credentialState(trust),
    trust.client,
    trust.role,
    trust.pods?.join(' ') ?? 'all',
    trust.issuer,
    trust.claims.map(({ name, value }) => `${name}=${value}`).join(' '),
  ]);
  const heading = ['TRUST', 'STATE', 'CLIENT', 'ROLE', 'PODS', 'ISSUER', 'CLAIMS'];
  printer.result({ trusts }, () => printer.table(heading, rows, 'No trusts.'));
}

export function describeTrustsRevoke(command: Command): Command {
  return command.description('End a trust at once').argument('<id>', 'the trust');
}

export async function trustsRevoke(context: CommandContext<object>, id: string): Promise<void> {
  await context.confirm(`Revoke trust ${id} for ever?`);
  await (await context.podway()).revokeTrust(id);
  context.printer.result({ id, revoked: true }, () => [`Trust ${id} is revoked.`]);
}
