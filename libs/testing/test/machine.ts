import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const lines = (program: string, ...argv: string[]) =>
  execFileSync(program, argv, { encoding: 'utf8' }).split('\n').filter(Boolean);

/** What of a set of test servers is on this machine: by their folder and their network's number. */
export function remains(folder: string, network: number): Record<string, string[]> {
  const spaces = lines('ip', 'netns', 'list').filter((line) => line.startsWith(`pwd${network}-`));
  return {
    mounts: lines('findmnt', '-rno', 'TARGET').filter((mount) => mount.startsWith(`${folder}/`)),
    loops: lines('losetup', '-nO', 'BACK-FILE', '-a').filter((file) => file.startsWith(folder)),
    spaces,
    devices: readdirSync('/sys/class/net').filter((name) => new RegExp(`^pwd${network}(s\\d+)?$`).test(name)),
    claims: claims().filter((claim) => claim.endsWith(folder)),
    folders: existsSync(folder) ? [folder] : [],
    processes: processesOf(folder),
  };
}

export const nothing = {
  mounts: [],
  loops: [],
  spaces: [],
  devices: [],
  claims: [],
  folders: [],
  processes: [],
};

function claims(): string[] {
  const folder = '/run/podway-debian-servers';
  return readdirSync(folder).map((name) => {
    try {
      return `${name} ${readlinkSync(`${folder}/${name}`)}`;
    } catch {
      // The lock, or another's that has just gone.
      return '';
    }
  });
}

/** Processes whose arguments or mounts name the folder: servers, and the guard. As `<pid> <arguments>`. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8');
      } catch {
        return '';
      }
    };
    const argv = read('cmdline').replaceAll('\0', ' ');
    // A server sees its root as /, from an upper layer in the folder.
    const root = read('mountinfo').split('\n')[0] ?? '';
    return argv.includes(folder) || root.includes(`${folder}/`) ? [`${pid} ${argv}`] : [];
  });
}

interface NodeRun {
  readonly child: ChildProcess;
  output(): string;
  /** Its output when it has written a line. */
  told(): Promise<string>;
}

/** Runs a program that uses what this lib is built to, as a process of its own. */
export function startNode(program: string, env: NodeJS.ProcessEnv = {}): NodeRun {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: fileURLToPath(new URL('../', import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const told = async (): Promise<string> => {
    while (!output.includes('\n')) {
      if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode} before it told anything`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return output;
  };
  return { child, output: () => output, told };
}

export async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Tries until `check` no longer throws; after `withinMs` it throws what `check` threw last. */
export async function eventually(check: () => Promise<void> | void, withinMs = 15_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
