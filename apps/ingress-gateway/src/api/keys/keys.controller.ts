import { Controller, Param } from '@nestjs/common';
import {
  InvalidInputError,
  isHostingRole,
  KEY_ID,
  KeyList,
  KeysQuery,
  NewKeyRequest,
  NewKeyView,
  type KeyView,
} from '@podway/contracts';
import { ApiKeys, type ApiKeyEntity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { EVERY_CLIENT } from '../identity/caller.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';

/** API keys: made and revoked by admins. */
@Controller()
export class KeysController {
  constructor(private readonly keys: ApiKeys) {}

  @Endpoint({
    method: 'post',
    path: '/v1/keys',
    operationId: 'createKey',
    summary: 'Make an API key; its text is shown this once',
    role: 'admin',
    body: { json: NewKeyRequest },
    answer: { status: 201, description: 'The key.', json: NewKeyView },
    problems: [400, 415, 422],
  })
  async create(@JsonBody(NewKeyRequest) request: NewKeyRequest): Promise<NewKeyView> {
    const { client, role, publisher, note, pods, expiresAt } = request;
    if (isHostingRole(role)) {
      const problems = [
        ...(client === EVERY_CLIENT ? [] : [`client: must be * for a key with the role ${role}`]),
        ...(pods === undefined ? [] : [`pods: a key with the role ${role} is for all PODs`]),
      ];
      if (problems.length > 0) throw new InvalidInputError('The body', problems);
    }
    const { id, text } = await this.keys.create({
      client,
      role,
      ...(publisher === undefined ? {} : { publisher }),
      ...(note === undefined ? {} : { note }),
      ...(pods === undefined ? {} : { pods }),
      ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    });
    return { id, key: text, client, role };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/keys',
    operationId: 'listKeys',
    summary: 'API keys, newest first; never their secrets',
    role: 'admin',
    query: KeysQuery,
    answer: { status: 200, description: 'A page of keys.', json: KeyList },
    problems: [422],
  })
  async list(@QueryOf(KeysQuery) query: KeysQuery): Promise<KeyList> {
    return { keys: (await this.keys.list(query)).map(keyView) };
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/keys/:id',
    operationId: 'revokeKey',
    summary: 'Revoke an API key at once',
    role: 'admin',
    answer: { status: 204, description: 'The key is no longer valid.' },
    problems: [404],
  })
  async revoke(@Param('id') id: string): Promise<void> {
    if (!KEY_ID.test(id) || !(await this.keys.revoke(id))) throw new NotFoundError('key', id);
  }
}

function keyView(key: ApiKeyEntity): KeyView {
  const { id, client, role, publisher, note, pods, createdAt, expiresAt, lastUsedAt, revokedAt } = key;
  return {
    ...{ id, client, role },
    ...(publisher === null ? {} : { publisher }),
    ...(note === null ? {} : { note }),
    ...(pods ? { pods } : {}),
    createdAt: createdAt.toISOString(),
    ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
    ...(lastUsedAt ? { lastUsedAt: lastUsedAt.toISOString() } : {}),
    ...(revokedAt ? { revokedAt: revokedAt.toISOString() } : {}),
  };
}
