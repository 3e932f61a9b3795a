import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { DriftView, ServerDriftView } from '@podway/contracts';
import type { Podway } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { LookNotOverError } from '../cli.errors.js';
import { exitCodes } from '../exit-codes.js';
import { changeLine, countsText } from '../output/change-lines.js';
import type { Printer } from '../output/printer.js';
import { harmless } from '../output/text.js';
import { chosenPod } from '../settings/chosen-pod.js';
import { durationMs } from '../settings/duration.js';

interface DriftOptions {
  pod?: string;
  deep?: boolean;
  check: boolean;
  timeout?: number;
}

const DEFAULT_TIMEOUT_MS = 300_000;
const LOOK_EVERY_MS = 250;
/** Files of one server that are named here; `--json` has more. */
const FILES_SHOWN = 20;

export function describeDrift(command: Command): Command {
  return command
    .description("Look whether a POD's servers are still as they were proved")
    .argument('[pod]', 'the POD (default: the only one)')
    .option('--pod <pod>', 'the POD')
    .option('--deep', 'read every file again, also those that seem untouched')
    .option('--no-check', 'show what the last look found')
    .option('--timeout <time>', 'wait for the look no longer than e.g. 10m (default: 5m)', durationMs);
}

export async function drift(context: CommandContext<DriftOptions>, name?: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const pod = await chosenPod(podway, name, options.pod);
  const view = options.check ? await looked(podway, pod, options, printer) : await podway.drift(pod);
  printer.result(view, () => driftLines(view, printer));
  if (view.servers.some(({ finding }) => finding === 'drifted')) context.exit(exitCodes.drifted);
}

async function looked(
  podway: Podway,
  pod: string,
  { deep = false, timeout = DEFAULT_TIMEOUT_MS }: DriftOptions,
  printer: Printer,
): Promise<DriftView> {
  const { id } = await podway.checkDrift(pod, { deep });
  printer.note(`Looking at the servers of POD ${pod}${deep ? ', file by file' : ''} …`);
  const until = Date.now() + timeout;
  for (;;) {
    const view = await podway.drift(pod);
    // Ids sort by time: a later look tells no less.
    if (view.lastCheck && view.lastCheck.id >= id) return view;
    if (Date.now() >= until) throw new LookNotOverError(pod, timeout);
    await sleep(LOOK_EVERY_MS);
  }
}

function driftLines(view: DriftView, printer: Printer): string[] {
  const { pod, release, policy, lastCheck, healingStopped, servers } = view;
  const looked = lastCheck ? `looked at ${lastCheck.at}` : 'not looked at yet';
  const rows = servers.map((server) => [
    server.name,
    server.finding ?? '-',
    server.changes ? countsText(server.changes.tree) : '-',
    server.inRotation ? 'in rotation' : 'out',
    server.driftedSince?.replace('T', ' ').slice(0, 16) ?? '-',
    harmless(server.detail ?? ''),
  ]);
  return [
    printer.colors.bold(`POD ${pod}, release ${release ?? '-'}: ${looked}; policy: ${policy}`),
    ...printer.table(['SERVER', 'STATE', 'FILES', 'ACCESSES', 'DRIFTED SINCE', ''], rows, 'No servers.'),
    ...servers.flatMap((server) => fileLines(server, printer)),
    ...(healingStopped === undefined ? [] : ['', `Not healed: ${harmless(healingStopped)}`]),
  ];
}

function fileLines({ name, changes, finding }: ServerDriftView, printer: Printer): string[] {
  if (finding !== 'drifted' || !changes) return [];
  const { entries, added, changed, removed } = changes.tree;
  const shown = entries.slice(0, FILES_SHOWN);
  const rest = added + changed + removed - shown.length;
  return [
    '',
    printer.colors.bold(name),
    ...shown.map((entry) => `  ${changeLine(entry)}`),
    ...(rest > 0 ? [printer.colors.dim(`  ${rest} more`)] : []),
  ];
}
