import { Option, type Command } from 'commander';
import { join, resolve } from 'node:path';
import { updateModes, type UpdateMode } from '@podway/contracts';
import { PackError, type PublishOptions as PublishTarget } from '@podway/sdk';
import { packedDirectory } from '@podway/sdk/pack-directory';
import { publishFolder, uploadWays, type UploadWay } from '@podway/sdk/uploads';
import { stat } from 'node:fs/promises';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { followAll } from '../follow.js';
import { artifactOf, signatureFor, withSigning, type SigningOptions } from '../signing.js';
import { durationMs } from '../settings/duration.js';
import { targetPodOf } from '../settings/target-pod.js';
import { showAccepted } from './rollback.js';

interface PublishOptions extends SigningOptions {
  pod?: string[];
  resource?: string;
  client?: string;
  mode?: UpdateMode;
  urgent?: boolean;
  label?: string;
  reason?: string;
  force?: boolean;
  wait: boolean;
  timeout?: number;
  upload?: UploadWay;
}

const ways = { whole: 'as a whole', resumable: 'resumably', difference: 'by difference' } as const;

export function describePublish(command: Command): Command {
  return withSigning(command)
    .description('Publish a folder to a POD and follow its deployment')
    .argument('[dir]', 'folder with the content and its podway.yaml', '.')
    .option('--pod <pod...>', 'POD to publish to, or several in this order (default: target of podway.yaml)')
    .option('--resource <resource>', 'instead of --pod: all PODs of one of your resources')
    .option('--client <client>', 'whose resource it is (for operators)')
    .addOption(new Option('--mode <mode>', 'how several PODs are done').choices([...updateModes]))
    .option('--urgent', 'do not wait for maintenance windows or the end of a freeze (for operators)')
    .option('--label <text>', 'what the update is, in your words')
    .option('--reason <text>', 'why: kept with the release')
    .option('--force', 'also when a release with this content is marked bad')
    .addOption(
      new Option('--upload <way>', 'how it is sent (default: difference, once something is stored)').choices(
        uploadWays,
      ),
    )
    .option('--no-wait', 'return once the update is accepted')
    .option('--timeout <time>', 'stop waiting, never the update, after e.g. 10m', durationMs);
}

export async function publish(context: CommandContext<PublishOptions>, dir: string): Promise<void> {
  const { options, printer, surroundings } = context;
  const folder = resolve(surroundings.cwd, dir);
  await refuseNoFolder(folder, dir);
  const podway = await context.podway({ patient: true });
  const target = await targetOf(options, folder);
  refuseWay(options, target);
  const live = printer.live;
  // Packed twice: what is signed is known before the first byte is sent. The same folder gives the same bytes.
  const signature = await signatureFor(context, podway, options.pod, () =>
    artifactOf(packedDirectory(folder)),
  );
  const { published, sent } = await publishFolder(
    podway,
    folder,
    {
      ...target,
      ...(options.label === undefined ? {} : { label: options.label }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
      ...(options.force === true ? { force: true } : {}),
      ...(signature === undefined ? {} : { signature }),
      signal: surroundings.interrupted,
      resumeFolder: join(surroundings.home, '.cache', 'podway', 'uploads'),
      onProgress: (bytes, total) => live?.show(`Sending ${progressOf(bytes, total)}`),
    },
    options.upload,
  ).finally(() => live?.clear());
  printer.note(
    `Sent ${megabytes(sent.bytesSent)} (${percent(sent.bytesSent, sent.bundleBytes)} of the bundle), ${ways[sent.way]}`,
  );
  showAccepted(printer, published, options.wait, { upload: sent });
  if (!options.wait) return;
  const { timeout: timeoutMs } = options;
  const { interrupted } = surroundings;
  context.exit(
    await followAll(published.deployments, {
      ...{ printer, interrupted, more: { upload: sent } },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    }),
  );
}

/** What is named on the command line; otherwise the one POD that the manifest names. */
async function targetOf(
  { pod, resource, client, mode, urgent }: PublishOptions,
  folder: string,
): Promise<PublishTarget> {
  const [first, ...others] = pod ?? [];
  const manifest = first === undefined && resource === undefined ? await targetPodOf(folder) : undefined;
  const one = others.length > 0 ? undefined : (first ?? manifest);
  return {
    ...(others.length > 0 ? { pods: pod } : {}),
    ...(one === undefined ? {} : { pod: one }),
    ...(resource === undefined ? {} : { resource }),
    ...(client === undefined ? {} : { client }),
    ...(mode === undefined ? {} : { mode }),
    ...(urgent === true ? { urgent } : {}),
  };
}

function progressOf(bytes: number, total: number | undefined): string {
  return total === undefined
    ? megabytes(bytes)
    : `${megabytes(bytes)} of ${megabytes(total)}, ${percent(bytes, total)}`;
}

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 100 : Math.round((part / whole) * 100)} %`;
}

/** Only what goes to one POD, unsigned, is sent in parts: the rest of it is published by the digest of what was stored. */
function refuseWay({ upload, sign }: PublishOptions, { pod }: PublishTarget): void {
  if (upload === undefined || upload === 'whole') return;
  if (pod === undefined)
    throw new UsageError(`--upload ${upload} needs one POD: --pod, or target.pod in podway.yaml`);
  if (sign !== undefined) throw new UsageError(`--sign goes with --upload whole, not with ${upload}`);
}

async function refuseNoFolder(folder: string, said: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new PackError(said, found ? 'it is not a folder' : 'it is not there');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
