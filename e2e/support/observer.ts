import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where an observed server keeps its state. */
export interface Observed {
  readonly name: string;
  readonly path: string;
}

/** Hash of a whole tree: path, kind, mode, owner, bytes and link targets of every entry. Not Podway's own code. */
export async function treeHash(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const path of await walk(root, '')) {
    const full = join(root, path);
    const stat = await lstat(full);
    const content = stat.isSymbolicLink() ? await readlink(full) : stat.isFile() ? await readFile(full) : '';
    hash
      .update(`${path}\0${stat.mode.toString(8)}\0${stat.uid}:${stat.gid}\0`)
      .update(content)
      .update('\0');
  }
  return hash.digest('hex');
}

async function walk(root: string, below: string): Promise<string[]> {
  const entries = await readdir(join(root, below), { withFileTypes: true });
  const paths = await Promise.all(
    entries.map(async (entry) => {
      const path = below ? `${below}/${entry.name}` : entry.name;
      return entry.isDirectory() ? [path, ...(await walk(root, path))] : [path];
    }),
  );
  return paths.flat().sort();
}

/** What `current` leads to, or undefined where there is no release. */
export function liveTree(server: Observed): Promise<string | undefined> {
  return readlink(join(server.path, 'current')).catch(() => undefined);
}

/** Hash of the live state; `none` where there is no release. */
export async function liveHash(server: Observed): Promise<string> {
  const tree = await liveTree(server);
  return tree === undefined ? 'none' : treeHash(join(server.path, tree));
}

/** Leftovers that must not be there when all is done: stages, armed watchdogs, temporary files. */
export async function leftovers(server: Observed): Promise<string[]> {
  const home = join(server.path, '.podway');
  const found: string[] = [];
  for (const name of await readdir(join(home, 'staging')).catch(() => [])) found.push(`staging/${name}`);
  const armed = await readdir(join(home, 'watchdog')).catch(() => []);
  found.push(...armed.filter((name) => name.startsWith('armed')).map((name) => `watchdog/${name}`));
  const temporary = await readdir(server.path).catch(() => []);
  found.push(...temporary.filter((name) => /tmp|\.new$/.test(name)));
  return found.map((name) => `${server.name}: ${name}`);
}

/**
 * Looks at servers all the time, with eyes of its own: it reads their folders, never the coordinator's data.
 * I1: a server's live tree is never anything but one of the trees that a test allows.
 */
export class Observer {
  /** Per server, the live trees seen, each once, in order. */
  readonly seen = new Map<string, string[]>();
  private stopping = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly servers: readonly Observed[],
    private readonly everyMs = 50,
  ) {
    this.running = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async watch(): Promise<void> {
    while (!this.stopping) {
      for (const server of this.servers) {
        const live = (await liveTree(server)) ?? 'none';
        const seen = this.seen.get(server.name) ?? [];
        if (seen.at(-1) !== live) this.seen.set(server.name, [...seen, live]);
      }
      await sleep(this.everyMs);
    }
  }
}
