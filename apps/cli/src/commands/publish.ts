import type { Command } from 'commander';
import { resolve } from 'node:path';
import { PackError } from '@podway/sdk';
import { packedDirectory } from '@podway/sdk/pack-directory';
import { stat } from 'node:fs/promises';
import type { CommandContext } from '../cli-context.js';
import { follow } from '../follow.js';
import { durationMs } from '../settings/duration.js';
import { showAccepted } from './rollback.js';

interface PublishOptions {
  pod?: string;
  label?: string;
  wait: boolean;
  timeout?: number;
}

export function describePublish(command: Command): Command {
  return command
    .description('Publish a folder to a POD and follow its deployment')
    .argument('[dir]', 'folder with the content and its podway.yaml', '.')
    .option('--pod <pod>', 'POD to publish to (default: target.pod of podway.yaml)')
    .option('--label <text>', 'what the update is, in your words')
    .option('--no-wait', 'return once the update is accepted')
    .option('--timeout <time>', 'stop waiting, never the update, after e.g. 10m', durationMs);
}

export async function publish(context: CommandContext<PublishOptions>, dir: string): Promise<void> {
  const { options, printer, surroundings } = context;
  const folder = resolve(surroundings.cwd, dir);
  await refuseNoFolder(folder, dir);
  const podway = await context.podway({ patient: true });
  const live = printer.live;
  let bytes = 0;
  const bundle = (): ReadableStream<Uint8Array> => {
    bytes = 0;
    return packedDirectory(folder, {
      onEntry: (path, size) => {
        bytes += size;
        live?.show(`Sending ${megabytes(bytes)}  ${path}`);
      },
    });
  };
  const published = await podway
    .publish(bundle, {
      ...(options.pod === undefined ? {} : { pod: options.pod }),
      ...(options.label === undefined ? {} : { label: options.label }),
      signal: surroundings.interrupted,
    })
    .finally(() => live?.clear());
  showAccepted(printer, published, options.wait);
  if (!options.wait) return;
  const { timeout: timeoutMs } = options;
  const { interrupted } = surroundings;
  context.exit(
    await follow(published, { printer, interrupted, ...(timeoutMs === undefined ? {} : { timeoutMs }) }),
  );
}

async function refuseNoFolder(folder: string, said: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new PackError(said, found ? 'it is not a folder' : 'it is not there');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
