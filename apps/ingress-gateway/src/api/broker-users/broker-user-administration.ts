import { Inject, Injectable } from '@nestjs/common';
import { BROKER_USER, PodwayError } from '@podway/contracts';
import { clientExchangeOf, clientQueuePrefix, clientStreamOf, type ClientAccounts } from '@podway/messaging';
import {
  BrokerUsers,
  Clients,
  Inventory,
  type BrokerUserEntity,
  type NewBrokerUser,
} from '@podway/persistence';
import { NotFoundError } from '../problems/api.errors.js';
import { CLIENT_ACCOUNTS } from '../tokens.js';

/** A broker user and what it needs to sign in and publish. */
export interface FreshBrokerUser {
  readonly user: BrokerUserEntity;
  /** Kept nowhere. */
  readonly password: string;
  readonly exchange: string;
  readonly queuePrefix: string;
  /** Of its client's events, where it may read that. */
  readonly streamQueue?: string;
}

/** There is no RabbitMQ whose users Podway could make. */
export class NoBrokerUsersError extends PodwayError {
  constructor() {
    super(
      'BROKER.NO_USERS',
      'Broker users need RabbitMQ and its management API: set AMQP_URL and PODWAY_AMQP_MANAGEMENT_URL',
    );
  }
}

/** A user that is revoked stays so. */
export class BrokerUserRevokedError extends PodwayError {
  constructor(name: string) {
    super('BROKER_USER.REVOKED', `Broker user ${name} is revoked; make another one`, { details: { name } });
  }
}

/** Makes, changes and removes broker users: in Podway's table, which says whose they are, and in RabbitMQ. */
@Injectable()
export class BrokerUserAdministration {
  constructor(
    @Inject(CLIENT_ACCOUNTS) private readonly accounts: ClientAccounts | undefined,
    private readonly users: BrokerUsers,
    private readonly clients: Clients,
    private readonly inventory: Inventory,
  ) {}

  /** @throws NoBrokerUsersError, NotFoundError, BrokerManagementError; then there is no such user. */
  async create(asked: NewBrokerUser): Promise<FreshBrokerUser> {
    const accounts = this.rabbit();
    await this.refuseUnknownClient(asked.client);
    for (const pod of asked.pods ?? []) {
      if ((await this.inventory.current(pod))?.spec.client !== asked.client)
        throw new NotFoundError('pod', pod);
    }
    // Known to Podway before it is known to RabbitMQ: no user there that nobody knows of here.
    const user = await this.users.create(asked);
    try {
      return await fresh(accounts, user);
    } catch (error) {
      await accounts.remove(user.name).catch(() => undefined);
      await this.users.forget(user.name);
      throw error;
    }
  }

  async list(client: string): Promise<BrokerUserEntity[]> {
    await this.refuseUnknownClient(client);
    return this.users.list(client);
  }

  /** @throws NoBrokerUsersError, NotFoundError, BrokerUserRevokedError, BrokerManagementError. */
  async rotate(client: string, name: string): Promise<FreshBrokerUser> {
    const accounts = this.rabbit();
    const user = await this.existing(client, name);
    if (user.revokedAt) throw new BrokerUserRevokedError(name);
    return fresh(accounts, user);
  }

  /** May be repeated, until RabbitMQ has removed it too. */
  async revoke(client: string, name: string): Promise<void> {
    const accounts = this.rabbit();
    const user = await this.existing(client, name);
    await this.users.revoke(user.name);
    await accounts.remove(user.name);
  }

  private rabbit(): ClientAccounts {
    if (!this.accounts) throw new NoBrokerUsersError();
    return this.accounts;
  }

  private async existing(client: string, name: string): Promise<BrokerUserEntity> {
    const user = BROKER_USER.test(name) ? await this.users.find(name) : null;
    if (user?.client !== client) throw new NotFoundError('broker-user', name);
    return user;
  }

  private async refuseUnknownClient(client: string): Promise<void> {
    if (!(await this.clients.byName(client))) throw new NotFoundError('client', client);
  }
}

async function fresh(accounts: ClientAccounts, user: BrokerUserEntity): Promise<FreshBrokerUser> {
  const { name, client, pods, stream } = user;
  const password = await accounts.ensure({ name, client, stream, ...(pods === null ? {} : { pods }) });
  return {
    ...{ user, password, exchange: clientExchangeOf(client), queuePrefix: clientQueuePrefix(client) },
    ...(stream ? { streamQueue: clientStreamOf(client) } : {}),
  };
}
