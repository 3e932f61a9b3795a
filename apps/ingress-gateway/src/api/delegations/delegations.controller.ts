import { Controller, Param } from '@nestjs/common';
import {
  DelegationList,
  DelegationView,
  NewDelegationRequest,
  ULID,
  DelegationsQuery,
} from '@podway/contracts';
import { Delegations } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';
import { Delegating, delegationView } from './delegating.js';

/** Third parties that may act on some PODs of a client: made and revoked by admins. */
@Controller()
export class DelegationsController {
  constructor(
    private readonly delegations: Delegations,
    private readonly delegating: Delegating,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/delegations',
    operationId: 'createDelegation',
    summary: 'Let a third party act on some PODs of a client, for a time',
    role: 'admin',
    body: { json: NewDelegationRequest },
    answer: { status: 201, description: 'The delegation.', json: DelegationView },
    problems: [400, 404, 415, 422],
  })
  create(@JsonBody(NewDelegationRequest) request: NewDelegationRequest): Promise<DelegationView> {
    return this.delegating.delegate(request);
  }

  @Endpoint({
    method: 'get',
    path: '/v1/delegations',
    operationId: 'listDelegations',
    summary: 'Delegations, newest first',
    role: 'admin',
    query: DelegationsQuery,
    answer: { status: 200, description: 'Delegations.', json: DelegationList },
    problems: [422],
  })
  async list(@QueryOf(DelegationsQuery) query: DelegationsQuery): Promise<DelegationList> {
    return { delegations: (await this.delegations.list(query)).map(delegationView) };
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/delegations/:id',
    operationId: 'revokeDelegation',
    summary: 'End a delegation at once',
    role: 'admin',
    answer: { status: 204, description: 'The third party may no longer do anything there.' },
    problems: [404],
  })
  async revoke(@Param('id') id: string): Promise<void> {
    if (!ULID.test(id) || !(await this.delegations.revoke(id))) throw new NotFoundError('delegation', id);
  }
}
