import type { Command } from 'commander';
import type { PublishedUpdate } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { follow } from '../follow.js';
import type { Printer } from '../output/printer.js';
import { durationMs, positive } from '../settings/duration.js';

interface RollbackOptions {
  pod: string;
  release?: number;
  wait: boolean;
  timeout?: number;
}

export function describeRollback(command: Command): Command {
  return command
    .description('Go back to an earlier release of a POD')
    .requiredOption('--pod <pod>', 'the POD')
    .option('--release <number>', 'release to go back to (default: the one before the current)', positive)
    .option('--no-wait', 'return once it is accepted')
    .option('--timeout <time>', 'stop waiting, never the deployment, after e.g. 10m', durationMs);
}

export async function rollback(context: CommandContext<RollbackOptions>): Promise<void> {
  const { options, printer, surroundings } = context;
  const { pod, release, wait, timeout: timeoutMs } = options;
  const podway = await context.podway({ patient: true });
  const published = await podway.goBack({ pod, ...(release === undefined ? {} : { release }) });
  showAccepted(printer, published, wait);
  if (!wait) return;
  const { interrupted } = surroundings;
  context.exit(
    await follow(published, { printer, interrupted, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
  );
}

/** Says that an update was accepted: as the result when nobody waits for more. */
export function showAccepted(printer: Printer, { update }: PublishedUpdate, wait: boolean): void {
  const text = `${update.label ?? update.id} is accepted for POD ${update.pod}: deployment ${update.deploymentId}`;
  if (wait) printer.note(text);
  else printer.result(update, () => [text]);
}
