import { Controller, Param } from '@nestjs/common';
import {
  NewSigningKeyRequest,
  PodSigningView,
  SHA256,
  SigningKeyList,
  SigningKeyView,
} from '@podway/contracts';
import { SigningKeys, Updates, type Identity, type SigningKeyEntity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller, EVERY_CLIENT } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { PodLookup } from '../pods/pod-lookup.js';
import { NotFoundError } from '../problems/api.errors.js';

/** Public keys that sign updates, and what a publisher must know to sign one. */
@Controller()
export class SigningKeysController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly updates: Updates,
    private readonly pods: PodLookup,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/signing-keys',
    operationId: 'createSigningKey',
    summary: 'Let a public Ed25519 key sign the updates of a client',
    role: 'admin',
    body: { json: NewSigningKeyRequest },
    answer: { status: 201, description: 'The key.', json: SigningKeyView },
    problems: [400, 409, 415, 422],
  })
  async create(@JsonBody(NewSigningKeyRequest) request: NewSigningKeyRequest): Promise<SigningKeyView> {
    const { expiresAt, ...rest } = request;
    const key = await this.keys.add({
      ...rest,
      ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    });
    return signingKeyView(key);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/signing-keys',
    operationId: 'listSigningKeys',
    summary: 'The signing keys of the caller’s client, revoked ones too',
    role: 'viewer',
    answer: { status: 200, description: 'Keys, newest first.', json: SigningKeyList },
  })
  async list(@Caller() caller: Identity): Promise<SigningKeyList> {
    const client = caller.client === EVERY_CLIENT ? undefined : caller.client;
    return { signingKeys: (await this.keys.list(client)).map(signingKeyView) };
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/signing-keys/:id',
    operationId: 'revokeSigningKey',
    summary: 'Revoke a signing key at once, also for updates that wait to be authenticated',
    role: 'admin',
    answer: { status: 204, description: 'The key signs nothing any more.' },
    problems: [404],
  })
  async revoke(@Param('id') id: string): Promise<void> {
    if (!SHA256.test(id) || !(await this.keys.revoke(id))) throw new NotFoundError('signing-key', id);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/pods/:id/signing',
    operationId: 'getPodSigning',
    summary: 'What must be known to sign an update of a POD',
    role: 'viewer',
    answer: { status: 200, description: 'Client, policy, last sequence.', json: PodSigningView },
    problems: [404],
  })
  async signing(@Caller() caller: Identity, @Param('id') id: string): Promise<PodSigningView> {
    const { spec } = await this.pods.find(caller, id);
    return {
      client: spec.client,
      pod: spec.name,
      signatures: spec.policy?.signatures ?? 'optional',
      sequence: await this.updates.highestSequence(spec.client, spec.name),
    };
  }
}

function signingKeyView({ note, createdAt, expiresAt, revokedAt, ...key }: SigningKeyEntity): SigningKeyView {
  return {
    ...key,
    ...(note === null ? {} : { note }),
    createdAt: createdAt.toISOString(),
    ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }),
    ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
  };
}
