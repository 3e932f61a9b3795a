import type { Command } from 'commander';
import type { DriftView, PodDetailView, PodServerView, ServerDriftView } from '@podway/contracts';
import type { Podway } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { changeLine, countsText } from '../output/change-lines.js';
import type { Printer } from '../output/printer.js';
import { harmless, table } from '../output/text.js';
import { chosenPod } from '../settings/chosen-pod.js';

interface ServersOptions {
  pod?: string;
}

const HEADING = ['POD', 'SERVER', 'REGION', 'RELEASE', 'FINGERPRINT', 'ACCESSES', 'STATE', 'LAST LOOK', ''];

export function describeServersList(command: Command): Command {
  return command
    .description('List servers: what they hold, and whether accesses go to them')
    .option('--pod <pod>', 'only those of this POD');
}

export async function serversList(context: CommandContext<ServersOptions>): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const names = options.pod === undefined ? (await podway.pods()).map(({ name }) => name) : [options.pod];
  const servers: (PodServerView & { pod: string })[] = [];
  for (const name of names) {
    const pod = await podway.pod(name);
    servers.push(...pod.servers.map((server) => ({ pod: pod.name, ...server })));
  }
  printer.result({ servers }, () => printer.table(HEADING, servers.map(row), 'No servers.'));
}

export function describeServersShow(command: Command): Command {
  return command
    .description('Show one server: what it holds, and what the last look found')
    .argument('<server>', 'its name')
    .option('--pod <pod>', 'the POD (default: the one with such a server)');
}

export async function serversShow(context: CommandContext<ServersOptions>, name: string): Promise<void> {
  const { options, printer } = context;
  const podway = await context.podway();
  const pod = await podOf(podway, name, options.pod);
  const server = pod.servers.find((one) => one.name === name);
  if (!server) throw new UsageError(`POD ${pod.name} has no server ${name}`);
  const drift = await podway.drift(pod.name);
  const look = drift.servers.find((one) => one.name === name);
  const view = { pod: pod.name, client: pod.client, ...server, ...(look ? { look } : {}) };
  printer.result(view, () => serverLines(pod, server, { drift, look }, printer));
}

/** The POD that is named, or the only one that has such a server. */
async function podOf(podway: Podway, server: string, named: string | undefined): Promise<PodDetailView> {
  if (named !== undefined) return podway.pod(named);
  const all = await podway.pods();
  if (all.length <= 1) return podway.pod(await chosenPod(podway, undefined, undefined));
  const pods = await Promise.all(all.map(({ name }) => podway.pod(name)));
  const [only, ...others] = pods.filter(({ servers }) => servers.some(({ name }) => name === server));
  if (only && others.length === 0) return only;
  throw new UsageError(
    only
      ? `Several PODs have a server ${server}; name one with --pod: ${[only, ...others].map(({ name }) => name).join(', ')}`
      : `No POD has a server ${server}`,
  );
}

function row(server: PodServerView & { pod: string }): string[] {
  return [
    server.pod,
    server.name,
    server.region ?? '-',
    server.release === undefined ? '-' : String(server.release),
    server.fingerprint?.slice(0, 12) ?? '-',
    accesses(server),
    server.finding ?? '-',
    minute(server.checkedAt),
    server.reason ?? '',
  ];
}

function accesses({ quarantined, inRotation }: PodServerView): string {
  if (quarantined) return 'quarantined';
  return inRotation ? 'in rotation' : 'out';
}

function serverLines(
  pod: PodDetailView,
  server: PodServerView,
  { drift, look }: { drift: DriftView; look: ServerDriftView | undefined },
  printer: Printer,
): string[] {
  const { colors, columns } = printer;
  const current = pod.currentRelease ? `, the POD is on ${pod.currentRelease.number}` : '';
  const rows = [
    ...(server.region === undefined ? [] : [['region', server.region]]),
    ['release', `${server.release ?? 'none'}${current}`],
    ['fingerprint', server.fingerprint ?? '-'],
    ['accesses', `${accesses(server)}${server.reason === undefined ? '' : `: ${server.reason}`}`],
    ['state', look?.finding ?? 'not looked at yet'],
    ...(look?.finding === 'drifted' && look.fingerprint ? [['live state', look.fingerprint]] : []),
    ['last look', minute(look?.checkedAt)],
    ['next look', minute(drift.nextCheckAt)],
    ...(look?.driftedSince ? [['drifted', `since ${minute(look.driftedSince)}`]] : []),
    ...(look?.changes ? [['files', countsText(look.changes.tree)]] : []),
    ...(look?.code ? [['trouble', `${look.code}: ${look.detail ?? ''}`]] : []),
  ];
  return [
    colors.bold(`Server ${server.name} of POD ${pod.name}`),
    ...table(
      rows.map((one) => ['', ...one]),
      columns,
    ),
    ...(look?.changes?.tree.entries ?? []).slice(0, 20).map((entry) => `  ${harmless(changeLine(entry))}`),
  ];
}

function minute(iso: string | undefined): string {
  return iso === undefined ? '-' : `${iso.replace('T', ' ').slice(0, 16)}Z`;
}
