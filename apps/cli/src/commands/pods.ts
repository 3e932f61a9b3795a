import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { PodsFile } from '@podway/contracts';
import type { Podway } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { readInventoryFile } from '../settings/inventory-file.js';

interface ApplyOptions {
  file: string;
  prune?: boolean;
}

export function describePodsList(command: Command): Command {
  return command.description('List the PODs that the key may see');
}

export async function podsList(context: CommandContext<object>): Promise<void> {
  const { printer } = context;
  const podway = await context.podway();
  const pods = await podway.pods();
  const rows = pods.map((pod) => [
    pod.name,
    pod.client,
    String(pod.serverCount),
    pod.release === undefined ? '-' : String(pod.release),
    pod.runningDeployment ?? (pod.queueLength > 0 ? `${pod.queueLength} waiting` : ''),
    pod.hosts.join(' '),
  ]);
  const heading = ['POD', 'CLIENT', 'SERVERS', 'RELEASE', 'DEPLOYMENT', 'HOSTS'];
  const empty = 'No PODs yet. `podway pods apply -f pods.yaml` adds some.';
  printer.result({ pods }, () => printer.table(heading, rows, empty));
}

export function describePodsApply(command: Command): Command {
  return command
    .description('Make the inventory what a file says')
    .requiredOption('-f, --file <file>', 'the inventory, e.g. pods.yaml')
    .option('--prune', 'remove the PODs that the file does not name');
}

export async function podsApply(context: CommandContext<ApplyOptions>): Promise<void> {
  const { options, printer, surroundings } = context;
  const file = await readInventoryFile(resolve(surroundings.cwd, options.file));
  const podway = await context.podway();
  if (options.prune) await confirmPruning(context, podway, file);
  const changes = await podway.applyPods(file, { prune: options.prune === true });
  const rows = changes.map(({ pod, change, revision }) => [pod, change, String(revision)]);
  printer.result({ changes }, () => printer.table(['POD', 'CHANGE', 'REVISION'], rows, 'Nothing to change.'));
}

/** Says which PODs would leave the inventory, and asks. */
async function confirmPruning(
  context: CommandContext<ApplyOptions>,
  podway: Podway,
  { pods }: PodsFile,
): Promise<void> {
  const named = new Set(pods.map(({ name }) => name));
  const leaving = (await podway.pods()).map(({ name }) => name).filter((name) => !named.has(name));
  if (leaving.length > 0) await context.confirm(`Remove ${leaving.join(', ')} from the inventory?`);
}
