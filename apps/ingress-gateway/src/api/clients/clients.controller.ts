import { Controller, Param } from '@nestjs/common';
import {
  ChangeClientRequest,
  ClientList,
  ClientsQuery,
  ClientView,
  NAME,
  NewClientRequest,
} from '@podway/contracts';
import { Clients, type ClientEntity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { ClientExistsError, NotFoundError } from '../problems/api.errors.js';

/** The clients of the hosting service. */
@Controller()
export class ClientsController {
  constructor(private readonly clients: Clients) {}

  @Endpoint({
    method: 'post',
    path: '/v1/clients',
    operationId: 'createClient',
    summary: 'Add a client',
    role: 'admin',
    body: { json: NewClientRequest },
    answer: { status: 201, description: 'The client.', json: ClientView },
    problems: [400, 409, 415, 422],
  })
  async create(@JsonBody(NewClientRequest) { name, note }: NewClientRequest): Promise<ClientView> {
    const client = await this.clients.create(name, note);
    if (!client) throw new ClientExistsError(name);
    return clientView(client);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/clients',
    operationId: 'listClients',
    summary: 'Clients, by name',
    role: 'admin',
    query: ClientsQuery,
    answer: { status: 200, description: 'A page of clients.', json: ClientList },
    problems: [422],
  })
  async list(@QueryOf(ClientsQuery) query: ClientsQuery): Promise<ClientList> {
    return { clients: (await this.clients.list(query)).map(clientView) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/clients/:id',
    operationId: 'getClient',
    summary: 'One client',
    role: 'admin',
    answer: { status: 200, description: 'The client.', json: ClientView },
    problems: [404],
  })
  async one(@Param('id') id: string): Promise<ClientView> {
    return found(id, NAME.test(id) ? await this.clients.byName(id) : null);
  }

  @Endpoint({
    method: 'put',
    path: '/v1/clients/:id',
    operationId: 'changeClient',
    summary: 'Disable or enable a client, or change its note',
    role: 'admin',
    body: { json: ChangeClientRequest },
    answer: { status: 200, description: 'The client, as it is now.', json: ClientView },
    problems: [400, 404, 415, 422],
  })
  async change(
    @Param('id') id: string,
    @JsonBody(ChangeClientRequest) { disabled, note }: ChangeClientRequest,
  ): Promise<ClientView> {
    const change = {
      ...(disabled === undefined ? {} : { disabled }),
      ...(note === undefined ? {} : { note }),
    };
    return found(id, NAME.test(id) ? await this.clients.change(id, change) : null);
  }
}

function found(id: string, client: ClientEntity | null): ClientView {
  if (!client) throw new NotFoundError('client', id);
  return clientView(client);
}

function clientView({ name, note, createdAt, disabledAt }: ClientEntity): ClientView {
  return {
    name,
    ...(note === null ? {} : { note }),
    createdAt: createdAt.toISOString(),
    ...(disabledAt ? { disabledAt: disabledAt.toISOString() } : {}),
  };
}
