import type { Command } from 'commander';
import type { Envelope } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { harmless } from '../output/text.js';
import { sequence } from '../settings/duration.js';

interface EventsOptions {
  follow?: boolean;
  client?: string;
  pod?: string;
  deployment?: string;
  type?: string[];
  after?: number;
}

export function describeEvents(command: Command): Command {
  return command
    .description('Print events: those that happened, or with --follow those that happen')
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .option('--client <client>', 'only of this client')
    .option('--pod <pod>', 'only of this POD')
    .option('--deployment <id>', 'only of this deployment')
    .option('--type <type...>', 'only of these CloudEvents types')
    .option('--after <sequence>', 'only after this sequence (default: 0, or now with --follow)', sequence);
}

export async function events(context: CommandContext<EventsOptions>): Promise<void> {
  const { options, printer, surroundings } = context;
  const { follow, client, pod, deployment, type, after } = options;
  const podway = await context.podway();
  const upTo = follow ? undefined : await podway.lastSequence();
  const start = after ?? (follow ? undefined : 0);
  if (upTo !== undefined && (start ?? 0) >= upTo) return;
  const found = podway.events({
    ...(start === undefined ? {} : { after: start }),
    ...(upTo === undefined ? {} : { upTo }),
    ...(client === undefined ? {} : { client }),
    ...(pod === undefined ? {} : { pod }),
    ...(deployment === undefined ? {} : { deployment }),
    ...(type === undefined ? {} : { types: type }),
    signal: surroundings.interrupted,
    onResync: ({ continuesAfter }) => printer.note(`Events before ${continuesAfter} are missing here.`),
    onReconnect: () => printer.note('The connection to Podway broke; trying again.'),
  });
  for await (const event of found) printer.item(event, () => eventLine(event));
}

function eventLine(event: Envelope): string {
  const [, , entity, verb] = event.type.split('.');
  const { step, message, from, to, code, server, detail } = event.data as Record<string, string | undefined>;
  const said = [from && to ? `${from} -> ${to}` : to, step, server, code, message ?? detail].filter(
    (part) => part !== undefined,
  );
  const head = `${(event.sequence ?? '').padStart(6)} ${event.time.slice(0, 19)}Z`;
  return harmless(`${head} ${event.subject ?? '-'} ${entity}.${verb} ${said.join(' ')}`.trimEnd());
}
