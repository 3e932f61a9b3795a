import type { Command } from 'commander';
import type { ClientVariablesView, SecretReference } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import type { Printer } from '../output/printer.js';

type Pairs = Readonly<Record<string, string>>;
interface SetOptions {
  env?: Pairs;
  file?: Pairs;
}

export function describeClientVariablesList(command: Command): Command {
  return command
    .summary('show the variables of a client')
    .description("Values of bundles' variables for all PODs of a client")
    .argument('<client>', 'the client');
}

export async function clientVariablesList(context: CommandContext<object>, client: string): Promise<void> {
  show(context.printer, await (await context.podway()).clientVariables(client));
}

export function describeClientVariablesSet(command: Command): Command {
  return command
    .summary('set variables; others stay')
    .description("Set values of bundles' variables for all PODs of a client; others stay")
    .argument('<client>', 'the client')
    .argument('[NAME=VALUE...]', 'values that may be seen')
    .option('--env <NAME=VARIABLE>', 'a secret in this variable of the installer agents', pair)
    .option('--file <NAME=PATH>', "a secret in this file of the installer agents' folder", pair);
}

export async function clientVariablesSet(
  context: CommandContext<SetOptions>,
  client: string,
  ...words: (string | readonly string[])[]
): Promise<void> {
  const { env = {}, file = {} } = context.options;
  const texts = words.flat().reduce<Pairs>((before, word) => pair(word, before), {});
  const set = { ...texts, ...references('env', env), ...references('file', file) };
  if (Object.keys(set).length === 0) throw new UsageError('Give at least one NAME=VALUE');
  show(context.printer, await (await context.podway()).changeClientVariables(client, { set }));
}

export function describeClientVariablesUnset(command: Command): Command {
  return command
    .summary('take variables away')
    .description("Take values of bundles' variables away from a client")
    .argument('<client>', 'the client')
    .argument('<name...>', 'the variables');
}

export async function clientVariablesUnset(
  context: CommandContext<object>,
  client: string,
  ...names: (string | readonly string[])[]
): Promise<void> {
  const podway = await context.podway();
  show(context.printer, await podway.changeClientVariables(client, { unset: names.flat() }));
}

/** `NAME=VALUE`, one after the other. For commander. */
function pair(text: string, before: Pairs = {}): Pairs {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${text} is not like edition=pro`);
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function references(kind: 'env' | 'file', pairs: Pairs): Record<string, SecretReference> {
  const entries = Object.entries(pairs).map(([name, at]) => [name, { [kind]: at } as SecretReference]);
  return Object.fromEntries(entries) as Record<string, SecretReference>;
}

function show(printer: Printer, view: ClientVariablesView): void {
  const rows = Object.entries(view.variables).map(([name, value]) => {
    const [[kind, at] = []] = typeof value === 'string' ? [] : Object.entries(value);
    return typeof value === 'string' ? [name, value, ''] : [name, '', `${kind} ${at as string}`];
  });
  printer.result(view, () =>
    printer.table(['VARIABLE', 'VALUE', 'SECRET FROM'], rows, 'No variables of this client.'),
  );
}
