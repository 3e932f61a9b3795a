import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { NAME } from '@podway/contracts';
import type { CommandContext } from '../cli-context.js';
import { FileExistsError } from '../cli.errors.js';
import { podsYaml } from '../templates/pods-yaml.js';
import { podwayYaml } from '../templates/podway-yaml.js';

interface InitOptions {
  name?: string;
  pod?: string;
  client?: string;
  force?: boolean;
}

/** Where sites are often built to. The first that is there holds the content; if none is, the last is made. */
const SOURCES = ['public', 'dist', 'build', '_site', 'site'];

export function describeInit(command: Command): Command {
  return command
    .description('Write a commented podway.yaml and pods.yaml to begin with')
    .argument('[dir]', 'where', '.')
    .option('--name <name>', 'what is published (default: as the folder is called)', aName)
    .option('--pod <pod>', 'the POD (default: as the name)', aName)
    .option('--client <client>', 'whose POD it is (default: me)', aName)
    .option('--force', 'also over files that are there');
}

export async function init(
  { options, printer, surroundings }: CommandContext<InitOptions>,
  dir: string,
): Promise<void> {
  const folder = resolve(surroundings.cwd, dir);
  const name = options.name ?? nameFrom(basename(folder));
  const { pod = name, client = 'me', force = false } = options;
  const there = await Promise.all(SOURCES.map((source) => isThere(join(folder, source))));
  const source = SOURCES[there.indexOf(true)];
  const made = source ?? SOURCES.at(-1) ?? 'site';
  const files: Record<string, string> = {
    'podway.yaml': podwayYaml({ name, pod, source: made }),
    'pods.yaml': podsYaml({ pod, client }),
    ...(source === undefined ? { [`${made}/index.html`]: firstPage(name) } : {}),
  };
  if (!force) await refuseOver(folder, dir, Object.keys(files));
  await mkdir(source === undefined ? join(folder, made) : folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    // `wx`: what has come into being since is not written over either.
    await writeFile(join(folder, file), text, { flag: force ? 'w' : 'wx' });
  }
  const names = Object.keys(files).map((file) => join(dir, file));
  printer.result({ folder, files: Object.keys(files), name, pod, client, source: made }, () => [
    ...names.map((file) => `Written: ${file}`),
    'Put your servers into pods.yaml; then, with Podway running:',
    `  podway pods apply -f ${join(dir, 'pods.yaml')}`,
    `  podway doctor --pod ${pod}`,
    `  podway publish ${dir}`,
  ]);
}

async function refuseOver(folder: string, dir: string, files: readonly string[]): Promise<void> {
  for (const file of files) if (await isThere(join(folder, file))) throw new FileExistsError(join(dir, file));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** `My Shop` becomes `my-shop`. */
function nameFrom(text: string): string {
  const name = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 60)
    .replace(/-+$/, '');
  return name === '' ? 'site' : name;
}

function aName(text: string): string {
  if (!NAME.test(text)) throw new InvalidArgumentError('It must be lower-case letters, digits and hyphens.');
  return text;
}

function firstPage(name: string): string {
  return `<!doctype html>\n<html lang="en">\n  <title>${name}</title>\n  <h1>${name}</h1>\n</html>\n`;
}
