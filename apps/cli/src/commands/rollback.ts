import type { Command } from 'commander';
import type { SignedRelease } from '@podway/contracts';
import type { Podway, PublishedUpdate } from '@podway/sdk';
import { UsageError } from '../cli.errors.js';
import type { CommandContext } from '../cli-context.js';
import { follow } from '../follow.js';
import type { Printer } from '../output/printer.js';
import { signatureFor, withSigning, type SigningOptions } from '../signing.js';
import { durationMs, positive } from '../settings/duration.js';

interface RollbackOptions extends SigningOptions {
  pod: string;
  release?: number;
  urgent?: boolean;
  reason?: string;
  force?: boolean;
  acceptLoss?: boolean;
  wait: boolean;
  timeout?: number;
}

export function describeRollback(command: Command): Command {
  return withSigning(command)
    .description('Go back to an earlier release of a POD')
    .requiredOption('--pod <pod>', 'the POD')
    .option('--release <number>', 'release to go back to (default: the one before the current)', positive)
    .option('--reason <text>', 'why: kept with the release')
    .option('--force', 'also to a release that is marked bad')
    .option(
      '--accept-loss',
      'even where that loses what users have written to databases since (STATE.LOSS_WINDOW; for operators)',
    )
    .option('--urgent', 'do not wait for maintenance windows or the end of a freeze (for operators)')
    .option('--no-wait', 'return once it is accepted')
    .option('--timeout <time>', 'stop waiting, never the deployment, after e.g. 10m', durationMs);
}

export async function rollback(context: CommandContext<RollbackOptions>): Promise<void> {
  const { options, printer, surroundings } = context;
  const { pod, release, reason, force, urgent, acceptLoss, wait, timeout: timeoutMs } = options;
  if (acceptLoss === true)
    await context.confirm('Lose what users have written to databases since that release?');
  const podway = await context.podway({ patient: true });
  const signature = await signatureFor(context, podway, [pod], () => keptRelease(podway, pod, release));
  const published = await podway.goBack(
    {
      pod,
      ...(release === undefined ? {} : { release }),
      ...(reason === undefined ? {} : { reason }),
      ...(force === true ? { force } : {}),
      ...(urgent === true ? { urgent } : {}),
      ...(acceptLoss === true ? { acceptLoss } : {}),
    },
    signature === undefined ? {} : { signature },
  );
  showAccepted(printer, published, wait);
  if (!wait) return;
  const { interrupted } = surroundings;
  context.exit(
    await follow(published, { printer, interrupted, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
  );
}

/** Says that an update was accepted: as the result when nobody waits for more. */
export function showAccepted(
  printer: Printer,
  { update }: PublishedUpdate,
  wait: boolean,
  more: object = {},
): void {
  const what = update.label ?? update.id;
  const text =
    update.deployments.length === 1
      ? `${what} is accepted for POD ${update.pod}: deployment ${update.deploymentId}`
      : `${what} is accepted for ${update.deployments.length} PODs, ${update.mode}: ${update.deployments
          .map(({ pod, id }) => `${pod} ${id}`)
          .join(', ')}`;
  if (wait) printer.note(text);
  else printer.result({ ...update, ...more }, () => [text]);
}

async function keptRelease(
  podway: Podway,
  pod: string,
  number: number | undefined,
): Promise<{ release: SignedRelease }> {
  if (number === undefined) throw new UsageError('--sign needs --release: it is part of what is signed');
  const kept = (await podway.releases(pod, 1_000)).find((release) => release.number === number);
  if (!kept)
    throw new UsageError(`POD ${pod} has no release ${number}; \`podway releases --pod ${pod}\` shows them`);
  return { release: { number, fingerprint: kept.fingerprint } };
}
