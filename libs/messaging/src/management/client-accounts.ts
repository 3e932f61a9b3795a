import { randomBytes } from 'node:crypto';
import { clientExchangeOf, clientStreamOf, clientUpdatesQueue, exchanges } from '../topology.js';
import { permissionsFor, topicPermissionFor } from './client-rights.js';
import { ManagementApi } from './management-api.js';

/** A user of the broker, for a client system. */
export interface ClientAccount {
  /** Of `[a-z0-9-]`. */
  readonly name: string;
  readonly client: string;
  /** The only PODs whose events it may bind to. Unset: all of its client. */
  readonly pods?: readonly string[];
  /** Whether it may read the stream of its client's events: of all its PODs. */
  readonly stream?: boolean;
}

export interface ClientAccountLimits {
  /** Connections of one user at once. */
  readonly maxConnections: number;
  /** Channels of one user at once. */
  readonly maxChannels: number;
  /** Bytes that wait in one queue of a client; the oldest go first. */
  readonly maxQueueBytes: number;
  /** A queue of a client that nobody has used for so long is removed. */
  readonly queueExpiresMs: number;
  /** How long events stay in the stream of a client, at least; whole segments go. */
  readonly streamAgeMs: number;
  /** Bytes of the stream of a client, about; the oldest go first. */
  readonly streamBytes: number;
}

export interface ClientAccountsOptions {
  /** `http://user:password@host:15672`; the user has the tag `administrator`. */
  readonly managementUrl: string;
  /** The broker as Podway itself reaches it: its virtual host is the clients' too. */
  readonly amqpUrl: string;
  readonly limits: ClientAccountLimits;
}

/** Only whole segments are removed from a stream. */
const LARGEST_SEGMENT = 64 * 1024 ** 2;

/** Makes and removes users of RabbitMQ for client systems, and the exchange that they publish to. */
export class ClientAccounts {
  private readonly api: ManagementApi;
  private readonly vhost: string;
  private readonly limits: ClientAccountLimits;

  constructor({ managementUrl, amqpUrl, limits }: ClientAccountsOptions) {
    this.api = new ManagementApi(managementUrl);
    this.vhost = decodeURIComponent(new URL(amqpUrl).pathname.slice(1)) || '/';
    this.limits = limits;
  }

  /** Whether the broker has a user of this name, whoever made it. */
  async exists(name: string): Promise<boolean> {
    const user = await this.api.call({ method: 'GET', path: ['users', name], maybeMissing: true });
    return user !== undefined;
  }

  /**
   * Makes the user, or gives it a new password and the rights that it should have, and ends its connections. Resolves with the password, which cannot be had again.
   * @throws BrokerManagementError
   */
  async ensure(account: ClientAccount): Promise<string> {
    const { name, client, pods, stream = false } = account;
    const permissions = permissionsFor(client, { stream });
    const topics = topicPermissionFor(client, pods);
    await this.limitQueues();
    await this.ensureExchange(client);
    if (stream) await this.ensureStream(client);
    const password = randomBytes(24).toString('base64url');
    await this.put(['users', name], { password, tags: '' });
    await this.put(['topic-permissions', this.vhost, name], topics);
    await this.put(['permissions', this.vhost, name], permissions);
    await this.put(['user-limits', name, 'max-connections'], { value: this.limits.maxConnections });
    await this.put(['user-limits', name, 'max-channels'], { value: this.limits.maxChannels });
    await this.disconnect(name);
    return password;
  }

  /** Removes the user and ends its connections. One that is gone is no error. */
  async remove(name: string): Promise<void> {
    await this.api.call({ method: 'DELETE', path: ['users', name], maybeMissing: true });
    await this.disconnect(name);
  }

  private async ensureExchange(client: string): Promise<void> {
    const exchange = clientExchangeOf(client);
    await this.put(['exchanges', this.vhost, exchange], { type: 'fanout', durable: true });
    const path = ['bindings', this.vhost, 'e', exchange, 'q', clientUpdatesQueue];
    await this.api.call({ method: 'POST', path, json: { routing_key: '' } });
  }

  /** It keeps what comes from now on. Its bounds are a policy, which may change: arguments of a queue may not. */
  private async ensureStream(client: string): Promise<void> {
    const { streamAgeMs, streamBytes } = this.limits;
    const segment = Math.max(4_096, Math.min(LARGEST_SEGMENT, Math.floor(streamBytes / 4)));
    await this.put(['policies', this.vhost, 'podway-event-streams'], {
      pattern: `^${exchanges.events.replaceAll('.', '\\.')}\\.[a-z0-9-]+$`,
      'apply-to': 'queues',
      priority: 100,
      definition: {
        ...{ 'max-age': `${Math.ceil(streamAgeMs / 1000)}s`, 'max-length-bytes': streamBytes },
        'stream-max-segment-size-bytes': segment,
      },
    });
    const queue = clientStreamOf(client);
    const durable = { durable: true, auto_delete: false, arguments: { 'x-queue-type': 'stream' } };
    await this.put(['queues', this.vhost, queue], durable);
    const path = ['bindings', this.vhost, 'e', exchanges.events, 'q', queue];
    await this.api.call({ method: 'POST', path, json: { routing_key: `${client}.#` } });
  }

  /** One policy for the queues of all clients: none of them can fill the broker's disk. */
  private async limitQueues(): Promise<void> {
    const { maxQueueBytes, queueExpiresMs } = this.limits;
    await this.put(['policies', this.vhost, 'podway-client-queues'], {
      pattern: '^podway\\.client\\.[a-z0-9-]+\\..+$',
      'apply-to': 'queues',
      priority: 100,
      definition: { 'max-length-bytes': maxQueueBytes, expires: queueExpiresMs },
    });
  }

  /** Ends what was opened with a former password. */
  private async disconnect(name: string): Promise<void> {
    const connections = await this.api.call<{ name: string; user?: string }[]>({
      method: 'GET',
      path: ['connections'],
    });
    for (const connection of connections?.filter(({ user }) => user === name) ?? []) {
      const path = ['connections', connection.name];
      await this.api.call({ method: 'DELETE', path, maybeMissing: true });
    }
  }

  private async put(path: readonly string[], json: object): Promise<void> {
    await this.api.call({ method: 'PUT', path, json });
  }
}
