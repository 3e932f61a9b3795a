import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { BundleManifest, MOST_DIFFERENCE_ENTRIES, validated, type PlanView } from '@podway/contracts';
import { PackError } from '@podway/sdk';
import { describedFolder } from '@podway/sdk/uploads';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { exitCodes } from '../exit-codes.js';
import { hintFor } from '../hints.js';
import { planLines } from '../output/plan-lines.js';
import { readYamlFile } from '../settings/inventory-file.js';

interface PlanOptions {
  pod?: string;
  sign?: string;
}

export function describePlan(command: Command): Command {
  return command
    .description('Show what an update would do, without touching anything')
    .argument('[dir]', 'folder with the content and its podway.yaml', '.')
    .option('--pod <pod>', 'the POD (default: target of podway.yaml)')
    .option('--sign <file>', 'it will be signed; the key is not read');
}

export async function plan(context: CommandContext<PlanOptions>, dir: string): Promise<void> {
  const { options, printer, surroundings } = context;
  const folder = resolve(surroundings.cwd, dir);
  const manifest = await manifestOf(folder);
  const pod = options.pod ?? manifest.target?.pod;
  if (pod === undefined) throw new UsageError('Name the POD with --pod, or in podway.yaml under target.pod');
  const podway = await context.podway();
  const entries = await describedFolder(folder);
  if (entries.length > MOST_DIFFERENCE_ENTRIES)
    throw new UsageError(`${dir} holds ${entries.length} entries; a plan takes ${MOST_DIFFERENCE_ENTRIES}`);
  const signed = options.sign === undefined ? {} : { signed: true };
  const view: PlanView = await podway.plan({ pod, manifest, entries, ...signed });
  printer.result(view, () => planLines(view, manifest, printer));
  for (const { code, detail } of view.refusals) printer.error(code, detail, [], hintFor(code));
  if (view.refusals.length > 0) context.exit(exitCodes.rejected);
}

async function manifestOf(folder: string): Promise<BundleManifest> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new PackError(folder, found ? 'it is not a folder' : 'it is not there');
  const file = join(folder, 'podway.yaml');
  if (await stat(file).catch(() => undefined)) return readYamlFile(file, BundleManifest);
  // What a bundle without one means: all its files, laid out as they are.
  return validated(BundleManifest, {
    ...{ apiVersion: 'podway/v1', name: 'content', version: '1' },
    components: [{ name: 'content', installer: 'archive' }],
  });
}
