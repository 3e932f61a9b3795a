import { Controller, Param } from '@nestjs/common';
import { InvalidInputError, NewKeyRequest, NewKeyView } from '@podway/contracts';
import { ApiKeys } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { EVERY_CLIENT } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';

const KEY_ID = /^[a-z0-9]{12}$/;

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
    const { client, role, note, expiresAt } = request;
    if ((role === 'operator' || role === 'admin') && client !== EVERY_CLIENT) {
      throw new InvalidInputError('The body', [`client: must be * for a key with the role ${role}`]);
    }
    const { id, text } = await this.keys.create({
      client,
      role,
      ...(note === undefined ? {} : { note }),
      ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    });
    return { id, key: text, client, role };
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
