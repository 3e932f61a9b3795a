import { setTimeout as sleep } from 'node:timers/promises';
import type { SshHop } from '@podway/contracts';
import { ChannelSlots } from './channel-slots.js';
import { ChannelRefusedError, HostUnreachableError } from './host.errors.js';
import { shellCommand } from './shell-command.js';
import { SshConnection, type SshConnectOptions } from './ssh-connection.js';
import type { RunningCommand } from './running-command.js';

const FIRST_WAIT_MS = 5;
/** The last wait for a refused channel; all waits together are about ten seconds. */
const LONGEST_WAIT_MS = 5_120;

export interface PooledSshOptions extends SshConnectOptions {
  /** Commands at once on one connection; more wait their turn. Default 8: sshd allows 10 (MaxSessions). */
  maxChannels?: number;
  /** A pooled connection that was not used for so long is closed, in milliseconds. Default 600000. */
  idleTimeoutMs?: number;
}

/** One host and the connection to it, made when it is needed and again after it was lost. */
export class PooledSshHost {
  readonly #slots: ChannelSlots;
  #connecting?: Promise<SshConnection>;
  #live?: SshConnection;
  #idle?: NodeJS.Timeout;
  #closed = false;

  constructor(
    private readonly server: string,
    private readonly hop: SshHop,
    private readonly options: PooledSshOptions,
    private readonly jump?: PooledSshHost,
    /** Tells apart ways to reach a host. */
    readonly key = '',
  ) {
    this.#slots = new ChannelSlots(options.maxChannels ?? 8);
  }

  /** The live connection. Callers at the same time share one attempt. */
  async connection(): Promise<SshConnection> {
    if (this.#closed) throw new HostUnreachableError(this.server, 'the sessions were closed');
    if (this.#live && !this.#live.lost) return this.#live;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async start(argv: readonly string[], signal: AbortSignal): Promise<RunningCommand> {
    const commandLine = shellCommand(argv);
    const release = await this.#slots.take(signal);
    clearTimeout(this.#idle);
    const giveBack = (): void => {
      release();
      this.#closeWhenIdle();
    };
    try {
      const command = await this.#startOnChannel(commandLine, signal);
      command.ended.then(giveBack, giveBack);
      return command;
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** sshd gives a place back a little later than it tells the end of a command, so a refusal need not last. */
  async #startOnChannel(commandLine: string, signal: AbortSignal): Promise<RunningCommand> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs *= 2) {
      const connection = await this.connection();
      signal.throwIfAborted();
      try {
        return await connection.start(commandLine);
      } catch (error) {
        if (!(error instanceof ChannelRefusedError) || waitMs > LONGEST_WAIT_MS) throw error;
      }
      await sleep(waitMs, undefined, { signal });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#idle);
    await this.#connecting?.catch(() => undefined);
    this.#live?.close();
  }

  async #connect(): Promise<SshConnection> {
    const through = await this.jump?.connection();
    this.#live = await SshConnection.open(this.server, this.hop, this.options, through);
    return this.#live;
  }

  #closeWhenIdle(): void {
    if (!this.#slots.idle || this.#closed) return;
    this.#idle = setTimeout(() => this.#live?.close(), this.options.idleTimeoutMs ?? 600_000).unref();
  }
}
