import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  eventFormats,
  type EventFormat,
  type ChangeWebhookRequest,
  type NewWebhookView,
  type WebhookView,
} from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import type { Printer } from '../output/printer.js';
import { sequence } from '../settings/duration.js';

interface AddOptions {
  client?: string;
  pod?: string[];
  type?: string[];
  note?: string;
  format?: EventFormat;
  after?: number;
}

interface ChangeOptions extends Omit<AddOptions, 'client' | 'after'> {
  to?: string;
}

function withFilter(command: Command): Command {
  return command
    .option('--pod <pod...>', 'only events of these PODs')
    .option('--type <type...>', 'only of these CloudEvents types')
    .addOption(new Option('--format <format>', 'how events look').choices(eventFormats))
    .option('--note <text>', 'what it is for');
}

export function describeWebhooksAdd(command: Command): Command {
  return withFilter(command)
    .description('Have events sent to a URL; the secret that signs them is shown this once')
    .argument('<url>', 'where to: https://…', url)
    .option('--client <client>', 'whose events (default: your client’s)')
    .option('--after <sequence>', 'events after this sequence (default: those from now on)', sequence);
}

export async function webhooksAdd(context: CommandContext<AddOptions>, to: string): Promise<void> {
  const { client, after, ...filter } = context.options;
  const { webhooks } = await context.podway();
  const made = await webhooks.create({
    ...{ url: to, ...filterOf(filter) },
    ...(client === undefined ? {} : { client }),
    ...(after === undefined ? {} : { after }),
  });
  tellSecret(context.printer, made);
}

export function describeWebhooksList(command: Command): Command {
  return command
    .description('Webhooks, and how they do')
    .option('--client <client>', 'only those of this client');
}

export async function webhooksList(context: CommandContext<{ client?: string }>): Promise<void> {
  const { options, printer } = context;
  const { client } = options;
  const webhooks = await (await context.podway()).webhooks.list(client === undefined ? {} : { client });
  const heading = ['ID', 'CLIENT', 'STATE', 'AT', 'PODS', 'URL'];
  printer.result({ webhooks }, () => printer.table(heading, webhooks.map(row), 'No webhooks.'));
}

export function describeWebhooksChange(command: Command): Command {
  return withFilter(command)
    .description('Change where a webhook leads or what it gets')
    .argument('<id>', 'the webhook')
    .option('--to <url>', 'where it leads', url);
}

export async function webhooksChange(context: CommandContext<ChangeOptions>, id: string): Promise<void> {
  const { to, ...filter } = context.options;
  const change = { ...filterOf(filter), ...(to === undefined ? {} : { url: to }) };
  await changeTo(context, id, change, 'is changed');
}

export function describeWebhooksPause(command: Command): Command {
  return command.description('Send nothing for now; events wait').argument('<id>', 'the webhook');
}

export function webhooksPause(context: CommandContext<object>, id: string): Promise<void> {
  return changeTo(context, id, { state: 'paused' }, 'is paused');
}

export function describeWebhooksResume(command: Command): Command {
  return command
    .description('Send again, from where it stopped; also after it was disabled')
    .argument('<id>', 'the webhook');
}

export function webhooksResume(context: CommandContext<object>, id: string): Promise<void> {
  return changeTo(context, id, { state: 'active' }, 'is active');
}

export function describeWebhooksRotate(command: Command): Command {
  return command
    .description('Give a webhook a new secret; the one before signs too for a while')
    .argument('<id>', 'the webhook');
}

export async function webhooksRotate(context: CommandContext<object>, id: string): Promise<void> {
  tellSecret(context.printer, await (await context.podway()).webhooks.rotateSecret(id));
}

export function describeWebhooksRemove(command: Command): Command {
  return command.description('Remove a webhook').argument('<id>', 'the webhook');
}

export async function webhooksRemove(context: CommandContext<object>, id: string): Promise<void> {
  await (await context.podway()).webhooks.remove(id);
  context.printer.result({ id, removed: true }, () => [`Webhook ${id} is removed.`]);
}

async function changeTo(
  context: CommandContext<object>,
  id: string,
  change: ChangeWebhookRequest,
  done: string,
): Promise<void> {
  const webhook = await (await context.podway()).webhooks.change(id, change);
  context.printer.result(webhook, () => [`Webhook ${id} ${done}.`]);
}

function filterOf({
  pod,
  type,
  note,
  format,
}: Pick<AddOptions, 'pod' | 'type' | 'note' | 'format'>): ChangeWebhookRequest {
  return {
    ...(pod === undefined ? {} : { pods: pod }),
    ...(type === undefined ? {} : { types: type }),
    ...(note === undefined ? {} : { note }),
    ...(format === undefined ? {} : { format }),
  };
}

function row({
  id,
  client,
  state,
  failures,
  failingSince,
  sequence: at,
  pods,
  url: to,
}: WebhookView): string[] {
  // Short: the URL has what is left of a terminal's columns.
  const trouble = failingSince && state === 'active' ? `fails (${failures})` : state;
  return [id, client, trouble, String(at), pods?.join(' ') ?? 'all', to];
}

function tellSecret(printer: Printer, made: NewWebhookView): void {
  printer.note(`Webhook ${made.id} of ${made.client}. Keep its secret: it is not shown again.`);
  printer.result(made, () => [made.secret]);
}

function url(text: string): string {
  if (!URL.canParse(text))
    throw new InvalidArgumentError('It must be a URL like https://hooks.example.org/podway.');
  return text;
}
