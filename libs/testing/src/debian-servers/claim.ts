import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { script, tool } from './tool.js';

/** Links `<network number>` -> folder: made in one step, so that what is there is never without an owner. */
const claims = '/run/podway-debian-servers';
const NETWORKS = 512;

/** A temporary folder and a network that are ours until the clean-up. */
export interface Claim {
  readonly folder: string;
  /** 0 to 511: of the network, its bridge and its namespaces. */
  readonly network: number;
  /** Removes servers, network and folder. */
  release(): Promise<void>;
}

/** Takes a folder and a network of our own. They are cleaned up also when this process is killed. */
export async function claim(): Promise<Claim> {
  await mkdir(claims, { recursive: true });
  await sweep();
  const folder = await mkdtemp(join(tmpdir(), `podway-debian-${process.pid}-${startTime(process.pid)}-`));
  const unguard = guard(folder);
  const network = await claimNetwork(folder);
  return {
    folder,
    network,
    async release() {
      await cleanUp(folder);
      await unguard();
    },
  };
}

async function claimNetwork(folder: string): Promise<number> {
  const first = randomInt(NETWORKS);
  for (let step = 0; step < NETWORKS; step += 1) {
    const network = (first + step) % NETWORKS;
    const taken = await symlink(folder, join(claims, String(network))).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return true;
        throw error;
      },
    );
    if (!taken) return network;
  }
  throw new DebianServersUnavailableError(`all ${NETWORKS} networks are claimed in ${claims}`);
}

const cleanUp = (folder: string) => tool(['sh', script('clean-up'), folder]);

/** Removes what runs have left whose process and whose guard were killed. */
async function sweep(): Promise<void> {
  const links = (await readdir(claims)).filter((name) => /^\d+$/.test(name));
  const claimed = await Promise.all(links.map((name) => readlink(join(claims, name)).catch(() => '')));
  const unclaimed = (await readdir(tmpdir())).map((name) => join(tmpdir(), name));
  for (const folder of new Set([...claimed, ...unclaimed])) {
    const [, pid, start] = /\/podway-debian-(\d+)-(\d+)-[^/]+$/.exec(folder) ?? [];
    if (pid && start !== startTime(Number(pid))) await cleanUp(folder);
  }
}

/** In clock ticks since the boot: with it a process id names one process for ever. Empty when there is none. */
function startTime(pid: number): string {
  if (!existsSync(`/proc/${pid}/stat`)) return '';
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** A small shell cleans up when our end of its standard input closes, which happens however we end. */
function guard(folder: string): () => Promise<void> {
  const child = spawn('sh', ['-c', 'cat >/dev/null; exec sh "$@"', 'sh', script('clean-up'), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
  });
  child.unref();
  const input = child.stdin as unknown as { unref?: () => void };
  input.unref?.();
  return async () => {
    const ended = once(child, 'exit');
    child.ref();
    if (child.kill('SIGKILL')) await ended;
  };
}
