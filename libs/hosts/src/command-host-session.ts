import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { checkedArguments } from './shell-command.js';
import { HostOutputTooLargeError } from './host.errors.js';
import { Interruption } from './interruption.js';
import { collected, tailOf } from './command-output.js';
import { CommandInput } from './command-input.js';
import type { CommandStream, ExecOptions, ExecResult, HostSession, StreamOptions } from './host-session.js';
import type { RunningCommand, StartCommand } from './running-command.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
const STDERR_TAIL_BYTES = 64 * 1024;

/** What all sessions have in common: limits, input and output of a command. How it is started is given. */
export class CommandHostSession implements HostSession {
  constructor(
    readonly server: string,
    private readonly start: StartCommand,
  ) {}

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES, signal } = options;
    const [program] = checkedArguments(argv);
    const tooLarge = (): Error => new HostOutputTooLargeError(this.server, program, maxOutputBytes);
    return this.#interruptible(argv, { stdin: options.stdin, timeoutMs, signal }, async (command) => {
      const [stdout, stderr, exit] = await Promise.all([
        collected(command.stdout, maxOutputBytes, tooLarge),
        collected(command.stderr, maxOutputBytes, tooLarge),
        command.ended,
      ]);
      return { ...exit, stdout, stderr };
    });
  }

  stream(argv: readonly string[], options: StreamOptions = {}): CommandStream {
    const stdout = new PassThrough();
    const done = this.#interruptible(argv, options, async (command, interruption) => {
      stdout.once('close', () => stdout.writableFinished || interruption.abort(stdout.errored));
      const stderr = tailOf(command.stderr, STDERR_TAIL_BYTES);
      // Not ended by the pipe: a lost connection must not look like the end of the output.
      await pipeline(command.stdout as Readable, stdout, { end: false });
      const { code } = await command.ended;
      stdout.end();
      return { code, stderr: await stderr };
    });
    done.catch((error: Error) => stdout.destroy(error));
    return { stdout, done };
  }

  async #interruptible<T>(
    argv: readonly string[],
    options: Pick<ExecOptions, 'stdin' | 'timeoutMs' | 'signal'>,
    use: (command: RunningCommand, interruption: Interruption) => Promise<T>,
  ): Promise<T> {
    const [program] = checkedArguments(argv);
    const interruption = new Interruption(this.server, program, options);
    const input = new CommandInput(options.stdin, interruption);
    const started = this.start(argv, interruption.signal);
    try {
      const command = await interruption.race(started);
      input.feedTo(command.stdin);
      return await interruption.race(use(command, interruption));
    } catch (error) {
      interruption.fail(error);
      started.then((command) => command.kill()).catch(() => undefined);
      throw error;
    } finally {
      interruption.dispose();
    }
  }
}
