import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { StateSpec } from '@podway/contracts';
import { LocalHostSessions, type HostSession } from '@podway/hosts';
import { monotonicFactory } from 'ulid';
import type { ServerTarget, StateDriver, StepContext } from '../src/state-driver.js';
import { noStepLog } from '../src/step-log.js';

export const ulid = monotonicFactory();

/** A folder of this machine that stands for a server, with a boot id and an uptime of its own. */
export interface TreeServer extends ServerTarget {
  readonly folder: string;
  file(path: string): string;
  /** Writes files below the folder; a name that ends in `/` makes a folder. */
  write(files: Record<string, string>, below?: string): void;
  bootedSince(seconds: number, bootId?: string): void;
  /** Ends what still runs there and removes the folder. */
  remove(): void;
}

export interface TreeServerOptions {
  name?: string;
  parent?: string;
  /** Paths that this server sees with a content of its own: by path, the folder below the server's that is there. */
  mounts?: Readonly<Record<string, string>>;
}

export async function treeServer(
  state: Partial<StateSpec> = {},
  { name = 'server-1', parent = tmpdir(), mounts }: TreeServerOptions = {},
): Promise<TreeServer> {
  const folder = mkdtempSync(join(parent, 'podway-state-'));
  const proc = join(folder, 'proc');
  mkdirSync(join(proc, 'sys/kernel/random'), { recursive: true });
  mkdirSync(join(folder, 'etc/cron.d'), { recursive: true });
  const sessions = new LocalHostSessions({
    env: {
      PODWAY_HOST_PROC: proc,
      PODWAY_HOST_ETC: join(folder, 'etc'),
      PODWAY_HOST_RUN: join(folder, 'run'),
    },
  });
  const path = join(folder, 'site');
  const bootedSince = (seconds: number, bootId = '00000000-0000-0000-0000-000000000001') => {
    for (const [file, text] of [
      ['sys/kernel/random/boot_id', `${bootId}\n`],
      ['uptime', `${seconds.toFixed(2)} 0.00\n`],
    ] as const) {
      writeFileSync(join(proc, `${file}.new`), text);
      renameSync(join(proc, `${file}.new`), join(proc, file));
    }
  };
  bootedSince(1000);
  const local = await sessions.session({ name, local: true, http: 'http://127.0.0.1' });
  return {
    folder,
    path,
    session: mounts ? withMounts(local, folder, mounts) : local,
    state: { driver: 'tree', ...state },
    file: (inside) => join(path, inside),
    write: (files, below = path) => {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(file.endsWith('/') ? join(below, file) : dirname(join(below, file)), { recursive: true });
        if (!file.endsWith('/')) writeFileSync(join(below, file), text);
      }
    },
    bootedSince,
    remove: () => {
      rmSync(join(path, '.podway/watchdog/armed'), { force: true });
      for (const pid of processesOf(folder)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended already.
        }
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
    },
  };
}

const IN_MOUNTS = `set -e
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift; exec "$@"`;

/** Each command in a mount namespace of its own, in which the server's folders lie over the machine's. */
function withMounts(
  inner: HostSession,
  folder: string,
  mounts: Readonly<Record<string, string>>,
): HostSession {
  const pairs = Object.entries(mounts).flatMap(([path, inside]) => {
    mkdirSync(join(folder, inside), { recursive: true });
    return [join(folder, inside), path];
  });
  const wrapped = (argv: readonly string[]) => {
    return ['unshare', '--mount', 'sh', '-c', IN_MOUNTS, folder, ...pairs, '--', ...argv];
  };
  return {
    server: inner.server,
    exec: (argv, options) => inner.exec(wrapped(argv), options),
    stream: (argv, options) => inner.stream(wrapped(argv), options),
  };
}

/** Processes whose arguments name the folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name) && commandLine(name).includes(folder))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export function context(fencingToken: number, deploymentId = ulid()): StepContext & { messages: string[] } {
  const messages: string[] = [];
  return {
    deploymentId,
    fencingToken,
    messages,
    log: noStepLog,
    progress: (message) => messages.push(message),
  };
}

/** Calls the script itself, as `prepare` installed it. */
export async function callScript(server: TreeServer, verb: string, ...args: (string | number)[]) {
  const script = server.file('.podway/bin/podway-host');
  return server.session.exec(['sh', script, server.path, verb, ...args.map(String)]);
}

/** Brings in a tree with these files, and no others. */
export async function newTree(
  driver: StateDriver,
  server: TreeServer,
  ctx: StepContext,
  files: Record<string, string>,
): Promise<{ treeId: string; fingerprint: string }> {
  const treeId = ulid();
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  server.write(files, dir);
  return { treeId, ...(await driver.commitStage(server, ctx, { dir, treeId })) };
}
