import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';
import { positive } from '../settings/duration.js';

interface ListOptions {
  pod?: string;
  limit?: number;
}

export function describeArtifactsList(command: Command): Command {
  return command
    .description('List stored artifacts, newest first')
    .option('--pod <pod>', 'only those of the client of this POD')
    .option('--limit <number>', 'at most so many', positive);
}

export async function artifactsList(context: CommandContext<ListOptions>): Promise<void> {
  const { pod, limit } = context.options;
  const podway = await context.podway();
  const artifacts = await podway.artifacts({
    ...(pod === undefined ? {} : { pod }),
    ...(limit === undefined ? {} : { limit }),
  });
  const rows = artifacts.map((one) => [
    one.lastUsedAt.slice(0, 19),
    one.client,
    one.needed ? 'needed' : '',
    String(one.bytes),
    `${one.name} ${one.version}`,
    one.digest,
  ]);
  const heading = ['LAST USED', 'CLIENT', '', 'BYTES', 'NAME', 'SHA-256'];
  context.printer.result({ artifacts }, () => context.printer.table(heading, rows, 'No artifacts.'));
}

export function describeArtifactsCollect(command: Command): Command {
  return command
    .description('Remove what nothing has needed for the time of retention (for operators)')
    .option('--dry-run', 'only say what would be removed');
}

export async function artifactsCollect(context: CommandContext<{ dryRun?: boolean }>): Promise<void> {
  const { dryRun = false } = context.options;
  const podway = await context.podway();
  const done = await podway.collectArtifacts({ dryRun });
  const bytes = done.artifacts.reduce((sum, one) => sum + one.bytes, 0);
  context.printer.result(done, () => [
    ...(done.busy ? ['Another gateway is collecting now.'] : []),
    ...done.artifacts.map(({ client, digest, bytes: size }) => `${client}  ${digest}  ${size}`),
    `${done.artifacts.length} artifacts of ${bytes} bytes and ${done.uploads} uploads ${dryRun ? 'would be' : 'were'} removed.`,
  ]);
}
