import { InvalidArgumentError, type Command } from 'commander';
import type { QuotaRequest, QuotaView } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import type { Printer } from '../output/printer.js';

type LimitOptions = QuotaRequest;

export function describeQuotasShow(command: Command): Command {
  return command
    .description("A client's limits, and what it uses of them")
    .argument('<client>', 'the client');
}

export async function quotasShow(context: CommandContext<object>, client: string): Promise<void> {
  const podway = await context.podway();
  show(context.printer, await podway.quota(client));
}

export function describeQuotasSet(command: Command): Command {
  return command
    .description("Set a client's limits; what is left out has the default (for operators)")
    .argument('<client>', 'the client')
    .option('--bytes <bytes>', 'of stored artifacts and uploads under way, e.g. 20GiB', bytes)
    .option('--artifacts <number>', 'stored artifacts', count)
    .option('--files <number>', 'files, folders and links of one bundle', count)
    .option('--requests-per-minute <number>', 'requests that change something', count)
    .option('--open-uploads <number>', 'uploads under way at once', count)
    .option('--waiting-updates <number>', 'accepted updates that have not begun', count);
}

export async function quotasSet(context: CommandContext<LimitOptions>, client: string): Promise<void> {
  const { bytes: size, artifacts, files, requestsPerMinute, openUploads, waitingUpdates } = context.options;
  const all = { bytes: size, artifacts, files, requestsPerMinute, openUploads, waitingUpdates };
  const given = Object.fromEntries(Object.entries(all).filter(([, limit]) => limit !== undefined));
  const podway = await context.podway();
  show(context.printer, await podway.setQuota(client, given));
}

function show(printer: Printer, view: QuotaView): void {
  const { limits, used } = view;
  const row = (name: string, use: number | undefined, limit: number): string[] => [
    name,
    use === undefined ? '' : String(use),
    String(limit),
  ];
  const rows = [
    row('bytes', used.bytes, limits.bytes),
    row('artifacts', used.artifacts, limits.artifacts),
    row('files in a bundle', undefined, limits.files),
    row('requests per minute', undefined, limits.requestsPerMinute),
    row('open uploads', used.openUploads, limits.openUploads),
    row('waiting updates', used.waitingUpdates, limits.waitingUpdates),
  ];
  printer.result(view, () => printer.table(['LIMIT', 'USED', 'ALLOWED'], rows, ''));
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** `1000`, `20GiB` in bytes. For commander. */
function bytes(text: string): number {
  const [, amount, unit = ''] = /^([0-9]{1,12})(KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  const value = Number(amount) * (UNITS[unit] ?? 1);
  if (amount === undefined || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be like 1000, 500MiB or 20GiB.');
  return value;
}

function count(text: string): number {
  if (!/^[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
