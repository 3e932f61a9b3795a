import { Controller, Param } from '@nestjs/common';
import {
  BrokerUserList,
  NAME,
  NewBrokerUserRequest,
  NewBrokerUserView,
  type BrokerUserView,
} from '@podway/contracts';
import type { BrokerUserEntity, Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';
import { BrokerUserAdministration, type FreshBrokerUser } from './broker-user-administration.js';

/** Users of RabbitMQ for client systems: made and revoked by admins. */
@Controller()
export class BrokerUsersController {
  constructor(private readonly users: BrokerUserAdministration) {}

  @Endpoint({
    method: 'post',
    path: '/v1/clients/:client/broker-users',
    operationId: 'createBrokerUser',
    summary: 'Make a user of RabbitMQ for a client; its password is shown this once',
    role: 'admin',
    body: { json: NewBrokerUserRequest, optional: true },
    answer: { status: 201, description: 'The user.', json: NewBrokerUserView },
    problems: [400, 404, 409, 415, 422],
  })
  async create(
    @Caller() caller: Identity,
    @Param('client') client: string,
    @JsonBody(NewBrokerUserRequest, { optional: true }) { pods, note, stream }: NewBrokerUserRequest,
  ): Promise<NewBrokerUserView> {
    const asked = {
      client: named(client),
      createdBy: caller.keyId,
      ...(stream === undefined ? {} : { stream }),
      ...(pods === undefined ? {} : { pods }),
      ...(note === undefined ? {} : { note }),
    };
    return freshView(await this.users.create(asked));
  }

  @Endpoint({
    method: 'get',
    path: '/v1/clients/:client/broker-users',
    operationId: 'listBrokerUsers',
    summary: 'The broker users of a client, newest first',
    role: 'admin',
    answer: { status: 200, description: 'Broker users, revoked ones too.', json: BrokerUserList },
    problems: [404],
  })
  async list(@Param('client') client: string): Promise<BrokerUserList> {
    return { brokerUsers: (await this.users.list(named(client))).map(view) };
  }

  @Endpoint({
    method: 'post',
    path: '/v1/clients/:client/broker-users/:name/rotate',
    operationId: 'rotateBrokerUser',
    summary: 'Give a broker user a new password, and end what the old one opened',
    role: 'admin',
    answer: { status: 200, description: 'The user and its new password.', json: NewBrokerUserView },
    problems: [404, 409],
  })
  async rotate(@Param('client') client: string, @Param('name') name: string): Promise<NewBrokerUserView> {
    return freshView(await this.users.rotate(named(client), name));
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/clients/:client/broker-users/:name',
    operationId: 'revokeBrokerUser',
    summary: 'Revoke a broker user at once, and remove it from RabbitMQ',
    role: 'admin',
    answer: { status: 204, description: 'Its messages are refused, its connections are ended.' },
    problems: [404, 409],
  })
  async revoke(@Param('client') client: string, @Param('name') name: string): Promise<void> {
    await this.users.revoke(named(client), name);
  }
}

function named(client: string): string {
  if (!NAME.test(client)) throw new NotFoundError('client', client);
  return client;
}

function view({ name, client, pods, note, stream, createdAt, revokedAt }: BrokerUserEntity): BrokerUserView {
  return {
    name,
    client,
    ...(pods === null ? {} : { pods }),
    ...(note === null ? {} : { note }),
    ...(stream ? { stream } : {}),
    createdAt: createdAt.toISOString(),
    ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
  };
}

function freshView({ user, ...fresh }: FreshBrokerUser): NewBrokerUserView {
  return { ...view(user), ...fresh };
}
