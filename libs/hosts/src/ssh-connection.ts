import { readFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SshHop } from '@podway/contracts';
import { NodeSSH } from 'node-ssh';
import ssh2, { type Client } from 'ssh2';
import {
  ChannelRefusedError,
  HostAuthFailedError,
  HostConnectionLostError,
  HostUnreachableError,
} from './host.errors.js';
import { HostKeyPin } from './host-key-pin.js';
import { channelCommand } from './ssh-channel-command.js';
import type { RunningCommand } from './running-command.js';

export interface SshConnectOptions {
  /** Private key file for hops that name none. */
  identityFile?: string;
  /** Longest time to connect and authenticate, in milliseconds, for each hop. Default 10000. */
  connectTimeoutMs?: number;
  /** How often an idle connection is asked for a sign of life, in milliseconds. Default 5000. */
  keepaliveIntervalMs?: number;
  /** Unanswered signs of life after which the connection counts as lost. Default 3. */
  keepaliveCountMax?: number;
}

/** One authenticated connection to one host. */
export class SshConnection {
  #lost = false;

  private constructor(
    private readonly server: string,
    private readonly client: Client,
  ) {
    // One listener for each command that is being started.
    client.setMaxListeners(0);
    client.on('error', () => this.close());
    client.on('close', () => this.close());
  }

  /** `through`: the connection of a jump host. Rejects HOST.UNREACHABLE, HOST.KEY_MISMATCH, HOST.AUTH_FAILED. */
  static async open(
    server: string,
    hop: SshHop,
    options: SshConnectOptions,
    through?: SshConnection,
  ): Promise<SshConnection> {
    const privateKey = await usableKey(server, hop.identityFile ?? options.identityFile);
    const pin = new HostKeyPin(hop.hostKeys);
    const { connectTimeoutMs = 10_000, keepaliveIntervalMs = 5_000, keepaliveCountMax = 3 } = options;
    const port = hop.port ?? 22;
    const sock = through
      ? await through.forward(hop.host, port)
      : connectTcp({ host: hop.host, port, noDelay: true });
    const timeUp = new HostUnreachableError(
      server,
      `${hop.host}:${port} did not answer in ${connectTimeoutMs} ms`,
    );
    const timer = setTimeout(() => sock.destroy(timeUp), connectTimeoutMs);
    const ssh = new NodeSSH();
    try {
      const connecting = ssh.connect({
        sock,
        username: hop.user ?? 'root',
        privateKey,
        authHandler: ['publickey'],
        hostVerifier: (key: Buffer) => pin.accepts(key),
        algorithms: {
          serverHostKey: { prepend: pin.algorithms(), append: [], remove: [] },
          cipher: { prepend: ['aes128-gcm@openssh.com'], append: [], remove: [] },
        },
        readyTimeout: 0,
        keepaliveInterval: keepaliveIntervalMs,
        keepaliveCountMax,
      });
      const client = ssh.connection;
      client?.on('error', () => undefined);
      await connecting;
      if (!client || !ssh.isConnected()) throw new HostConnectionLostError(server);
      return new SshConnection(server, client);
    } catch (error) {
      sock.destroy();
      if (pin.refused) throw pin.mismatch(server, hop.host);
      if ((error as { level?: unknown }).level === 'client-authentication') {
        throw new HostAuthFailedError(server, `${hop.host}:${port} does not accept the key`, error);
      }
      throw error === timeUp ? timeUp : new HostUnreachableError(server, (error as Error).message, error);
    } finally {
      clearTimeout(timer);
    }
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Starts a command line, which was quoted already. Rejects HOST.CONNECTION_LOST, or {@link ChannelRefusedError}. */
  start(commandLine: string): Promise<RunningCommand> {
    return this.#opened((done) =>
      this.client.exec(commandLine, (error, channel) =>
        error ? done(error) : done(undefined, channelCommand(this.server, channel)),
      ),
    );
  }

  /** A TCP connection made by the host. */
  forward(host: string, port: number): Promise<Duplex> {
    return this.#opened((done) => this.client.forwardOut('127.0.0.1', 0, host, port, done));
  }

  close(): void {
    this.#lost = true;
    this.client.destroy();
  }

  #opened<T>(open: (done: (error: Error | undefined, value?: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const failed = (cause?: unknown): void =>
        reject(
          this.#lost
            ? new HostConnectionLostError(this.server, cause)
            : new ChannelRefusedError(this.server, cause),
        );
      if (this.#lost) return failed();
      const onClose = (): void => reject(new HostConnectionLostError(this.server));
      this.client.once('close', onClose);
      open((error, value) => {
        this.client.off('close', onClose);
        if (error || value === undefined) failed(error);
        else resolve(value);
      });
    });
  }
}

async function usableKey(server: string, file: string | undefined): Promise<string> {
  if (!file)
    throw new HostAuthFailedError(server, 'no private key is named, neither by the hop nor by default');
  const key = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new HostAuthFailedError(server, `the private key file ${file} cannot be read`, cause);
  });
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error)
    throw new HostAuthFailedError(server, `${file} is not a usable private key`, parsed);
  return key;
}
