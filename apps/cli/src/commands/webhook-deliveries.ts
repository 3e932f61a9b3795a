import { Option, type Command } from 'commander';
import type { DeliveryView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { exitCodes } from '../exit-codes.js';
import { minute } from '../output/credential-state.js';
import { positive } from '../settings/duration.js';

interface ListOptions {
  state?: 'delivered' | 'failed';
  limit?: number;
  before?: string;
}

export function describeWebhooksDeliveries(command: Command): Command {
  return command
    .description('What became of the events that were sent to a webhook, newest first')
    .argument('<id>', 'the webhook')
    .addOption(new Option('--state <state>', 'only those').choices(['delivered', 'failed']))
    .option('--limit <number>', 'at most so many', positive)
    .option('--before <id>', 'only those older than this one');
}

export async function webhooksDeliveries(context: CommandContext<ListOptions>, id: string): Promise<void> {
  const { options, printer } = context;
  const { state, limit, before } = options;
  const deliveries = await (
    await context.podway()
  ).webhooks.deliveries(id, {
    ...(state === undefined ? {} : { state }),
    ...(limit === undefined ? {} : { limit }),
    ...(before === undefined ? {} : { before }),
  });
  const rows = deliveries.map((one) => [
    ...[one.id, String(one.sequence ?? '-'), one.state, String(one.tries), minute(one.lastTriedAt)],
    ...[one.error ?? `answered ${one.status}`, one.type],
  ]);
  const heading = ['DELIVERY', 'EVENT', 'STATE', 'TRIES', 'LAST', 'ANSWER', 'TYPE'];
  printer.result({ deliveries }, () => printer.table(heading, rows, 'Nothing was sent yet.'));
}

export function describeWebhooksRedeliver(command: Command): Command {
  return command
    .description('Send the event of a delivery again, now')
    .argument('<id>', 'the webhook')
    .argument('<delivery>', 'the delivery');
}

export async function webhooksRedeliver(
  context: CommandContext<object>,
  id: string,
  delivery: string,
): Promise<void> {
  tell(context, await (await context.podway()).webhooks.redeliver(id, delivery));
}

export function describeWebhooksTest(command: Command): Command {
  return command
    .description('Send an event for a test: does the webhook answer?')
    .argument('<id>', 'the webhook');
}

export async function webhooksTest(context: CommandContext<object>, id: string): Promise<void> {
  tell(context, await (await context.podway()).webhooks.test(id));
}

/** What counts is the last try, also of an event that was delivered before. */
function tell({ printer, exit }: CommandContext<object>, delivery: DeliveryView): void {
  const { error, status, durationMs } = delivery;
  printer.result(delivery, () => [
    error === undefined
      ? `Delivered: answered ${status} after ${durationMs} ms.`
      : `Not delivered: ${error}.`,
  ]);
  if (error !== undefined) exit(exitCodes.trouble);
}
