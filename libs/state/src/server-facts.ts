import { readFileSync } from 'node:fs';
import type { HostSession } from '@podway/hosts';
import { hostScript } from './host-script.js';

/** What is looked for on a server. */
export interface FactsWanted {
  /** The POD's folder there. */
  readonly path: string;
  readonly programs: readonly string[];
  /** Files that must be readable. */
  readonly files: readonly string[];
}

/** What a server is like. What it could not tell is unset. */
export interface ServerFacts {
  /** It told all of it. Otherwise something else has come, such as what a login prints. */
  readonly whole: boolean;
  /** Programs that are not there. */
  readonly missing: readonly string[];
  /** Programs that are there, but not as Podway needs them. */
  readonly unfit: readonly string[];
  readonly unreadable: readonly string[];
  readonly user?: string;
  readonly uid?: number;
  /** Its clock, in milliseconds since 1970, to the second. */
  readonly now?: number;
  /** Whether things can be made in the POD's folder, or in the nearest one that is there. */
  readonly place?: 'writable' | 'not-writable' | 'not-a-folder';
  /** That folder. */
  readonly near?: string;
  /** Of Podway's own folders, those that its user may not write to. */
  readonly closed: readonly string[];
  /** What `<path>/current` is. */
  readonly current?: 'none' | 'ours' | 'foreign';
  readonly diskFreeMb?: number;
  /** Unset where the file system counts none. */
  readonly inodesFree?: number;
  readonly bootHook?: 'systemd' | 'cron' | 'none';
  /** `podway-host` there: none, the one that this version ships, or another. */
  readonly hostScript?: 'none' | 'same' | 'other';
}

const FACTS_TIMEOUT_MS = 20_000;
const MAX_FACTS_BYTES = 256 * 1024;

let loaded: string | undefined;

/** Looks at a server, and changes nothing. @throws HOST.* errors. */
export async function serverFacts(
  session: HostSession,
  { path, programs, files }: FactsWanted,
): Promise<ServerFacts> {
  loaded ??= readFileSync(new URL('../host/facts.sh', import.meta.url), 'utf8');
  const { version, digest } = hostScript();
  const looked = [
    ...programs.flatMap((program) => ['-t', program]),
    ...files.flatMap((file) => ['-r', file]),
  ];
  const { stdout } = await session.exec(['sh', '-s', '--', path, version, digest, ...looked], {
    ...{ stdin: loaded, timeoutMs: FACTS_TIMEOUT_MS, maxOutputBytes: MAX_FACTS_BYTES },
  });
  return factsIn(stdout);
}

function factsIn(text: string): ServerFacts {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const all = (word: string): string[] =>
    lines.filter(([first]) => first === word).map(([, value = '']) => value);
  const [place, near] = fieldsOf(lines, 'place');
  const [uid, user] = fieldsOf(lines, 'user');
  const [, diskFree] = fieldsOf(lines, 'disk').map(number);
  const [inodes, inodesFree] = fieldsOf(lines, 'inodes').map(number);
  const now = number(fieldsOf(lines, 'now')[0]);
  const found = {
    ...{ user, near, uid: number(uid), now: now === undefined ? undefined : now * 1_000 },
    place: oneOf(place, ['writable', 'not-writable', 'not-a-folder']),
    current: oneOf(fieldsOf(lines, 'current')[0], ['none', 'ours', 'foreign']),
    diskFreeMb: diskFree === undefined ? undefined : Math.floor(diskFree / 1024),
    inodesFree: inodes === 0 ? undefined : inodesFree,
    bootHook: oneOf(fieldsOf(lines, 'hook')[0], ['systemd', 'cron', 'none']),
    hostScript: oneOf(fieldsOf(lines, 'script')[0], ['none', 'same', 'other']),
  };
  return {
    whole: lines[0]?.[0] === 'facts' && lines.at(-2)?.[0] === 'end',
    ...{ missing: all('missing'), unfit: all('unfit'), unreadable: all('unreadable'), closed: all('closed') },
    ...(Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as object),
  };
}

function fieldsOf(lines: readonly string[][], word: string): (string | undefined)[] {
  return lines.find(([first]) => first === word)?.slice(1) ?? [];
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}

function oneOf<W extends string>(text: string | undefined, words: readonly W[]): W | undefined {
  return words.find((word) => word === text);
}
