import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import type { ServerSpec } from '@podway/contracts';
import { CommandHostSession } from './command-host-session.js';
import { checkedArguments } from './shell-command.js';
import type { HostSession, HostSessions, OwnedHostSession } from './host-session.js';
import type { CommandExit, RunningCommand } from './running-command.js';

export interface LocalHostOptions {
  /** Environment of the commands, besides PATH and HOME. Ours is not passed on: it may hold secrets. */
  env?: Readonly<Record<string, string>>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The machine that Podway runs on, as a server. Commands are child processes; no shell is involved. */
export class LocalHostSessions implements HostSessions {
  constructor(private readonly options: LocalHostOptions = {}) {}

  session(server: ServerSpec): Promise<HostSession> {
    const env = { PATH, HOME: homedir(), ...this.options.env };
    return Promise.resolve(
      new CommandHostSession(server.name, (argv, signal) => startProcess(argv, env, signal)),
    );
  }

  async fresh(server: ServerSpec): Promise<OwnedHostSession> {
    const session = await this.session(server);
    return Object.assign(session, { close: () => Promise.resolve() });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function startProcess(
  argv: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<RunningCommand> {
  signal.throwIfAborted();
  const [program, ...parameters] = checkedArguments(argv);
  // A process group of its own, so that what the program starts can be ended with it.
  const child = spawn(program, parameters, {
    env,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = exitOf(child);
  try {
    await once(child, 'spawn');
  } catch (error) {
    return notStarted(program, error as NodeJS.ErrnoException);
  }
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    kill: () => kill(child),
  };
}

function exitOf(child: ChildProcess): Promise<CommandExit> {
  return new Promise((resolve) => {
    child.on('error', () => undefined);
    child.once('close', (code, signal) => resolve(signal ? { code, signal } : { code }));
  });
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

/** Answers as a shell does: 127 for a missing program, 126 for one that cannot be run. */
function notStarted(program: string, error: NodeJS.ErrnoException): RunningCommand {
  const missing = error.code === 'ENOENT';
  return {
    stdin: new PassThrough().resume(),
    stdout: Readable.from([]),
    stderr: Readable.from([Buffer.from(`${program}: ${missing ? 'not found' : error.message}\n`)]),
    ended: Promise.resolve({ code: missing ? 127 : 126 }),
    kill: () => undefined,
  };
}
