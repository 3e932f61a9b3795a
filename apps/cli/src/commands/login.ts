import { Argument, type Command } from 'commander';
import { Podway } from '@podway/sdk';
import type { CommandContext } from '../cli-context.js';
import { UsageError } from '../cli.errors.js';
import { checkedUrl } from '../settings/checked-url.js';
import { DEFAULT_URL, isLoopback, profileName } from '../settings/connection-settings.js';
import { profileFile, profileNames, readProfile, removeProfile, writeProfile } from '../settings/profiles.js';

interface LoginOptions {
  keyStdin?: boolean;
  list?: boolean;
}

export function describeLogin(command: Command): Command {
  return command
    .description('Keep URL and key for later calls, once Podway has taken the key')
    .addArgument(new Argument('[url]', 'where Podway listens'))
    .option('--key-stdin', 'read the key from standard input')
    .option('--list', 'show what is kept');
}

export async function login(context: CommandContext<LoginOptions>, said?: string): Promise<void> {
  const { options, printer, surroundings } = context;
  if (options.list) return listed(context);
  const profile = profileName(options, surroundings.env);
  profileFile(profile, surroundings);
  const url = await urlOf(context, said);
  if (!isLoopback(url) && url.startsWith('http:'))
    printer.note(`${url} is not https: the key goes over the network as it is.`);
  const key = await keyOf(context, url);
  // What is not taken is not kept.
  const pods = await new Podway({
    url,
    key,
    retry: { attempts: 1 },
    signal: surroundings.interrupted,
  }).pods();
  const file = await writeProfile(profile, { url, key }, surroundings);
  printer.result({ profile, url, key: shown(key), file, pods: pods.length }, () => [
    `Signed in at ${url} as ${shown(key)}; it may see ${pods.length} PODs.`,
    `Kept in ${file}${profile === 'default' ? '' : `, used with --profile ${profile}`}.`,
  ]);
}

export function describeLogout(command: Command): Command {
  return command.description('Forget a kept URL and key; the key itself stays good');
}

export async function logout({ options, printer, surroundings }: CommandContext<object>): Promise<void> {
  const profile = profileName(options, surroundings.env);
  const removed = await removeProfile(profile, surroundings);
  printer.result({ profile, removed }, () => [
    removed ? `Profile ${profile} is forgotten.` : `There is no profile ${profile}.`,
  ]);
}

async function listed({ options, printer, surroundings }: CommandContext<LoginOptions>): Promise<void> {
  const inUse = profileName(options, surroundings.env);
  const profiles = [];
  for (const name of await profileNames(surroundings)) {
    const { url = DEFAULT_URL, key } = (await readProfile(name, surroundings)) ?? {};
    profiles.push({ name, url, ...(key === undefined ? {} : { key: shown(key) }), inUse: name === inUse });
  }
  const rows = profiles.map(({ name, url, key, inUse: used }) => [
    `${name}${used ? ' *' : ''}`,
    url,
    key ?? '-',
  ]);
  printer.result({ profiles }, () =>
    printer.table(['PROFILE', 'URL', 'KEY'], rows, 'Nothing is kept. `podway login` keeps URL and key.'),
  );
}

async function urlOf(context: CommandContext<LoginOptions>, said: string | undefined): Promise<string> {
  const { options, surroundings, interactive } = context;
  const given = said ?? options.url ?? surroundings.env.PODWAY_URL;
  if (given !== undefined && given !== '') return checkedUrl(given) ?? DEFAULT_URL;
  if (!interactive) throw new UsageError('Say where Podway listens: podway login <url>');
  const typed = (await surroundings.stdin.line(`Where Podway listens [${DEFAULT_URL}]: `)).trim();
  return checkedUrl(typed === '' ? DEFAULT_URL : typed) ?? DEFAULT_URL;
}

async function keyOf(context: CommandContext<LoginOptions>, url: string): Promise<string> {
  const { options, surroundings, interactive } = context;
  if (options.keyStdin && options.key !== undefined)
    throw new UsageError('The key comes from --key or from standard input, not from both');
  const given = options.keyStdin ? await surroundings.stdin.text() : options.key;
  if (given === undefined && !interactive)
    throw new UsageError('Nobody can be asked for the key here: give it with --key-stdin');
  const key = (given ?? (await surroundings.stdin.line(`API key for ${url}: `, { hidden: true }))).trim();
  if (!/^[\x21-\x7e]{1,8192}$/.test(key)) throw new UsageError('That is no key: it is empty, or has spaces');
  return key;
}

/** A key's id; of a token nothing. */
function shown(key: string): string {
  return key.startsWith('pw_') ? key.slice(0, 15) : 'a token';
}
