import { Controller, Param } from '@nestjs/common';
import {
  InvalidInputError,
  NewTrustRequest,
  TrustList,
  TrustView,
  ULID,
  TrustsQuery,
} from '@podway/contracts';
import { Clients, OidcTrusts } from '@podway/persistence';
import { IngressGatewaySettings } from '../../ingress-gateway.config.js';
import { Endpoint } from '../endpoint.js';
import { issuerUrlProblem } from '../identity/issuer-url.js';
import { JsonBody, QueryOf } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';
import { trustView } from './trust.view.js';

/** Trusts in the tokens of OIDC issuers: made and revoked by admins. */
@Controller()
export class TrustsController {
  constructor(
    private readonly trusts: OidcTrusts,
    private readonly clients: Clients,
    private readonly settings: IngressGatewaySettings,
  ) {}

  @Endpoint({
    method: 'post',
    path: '/v1/trusts',
    operationId: 'createTrust',
    summary: "Take an OIDC issuer's short-lived tokens for a client's publisher",
    role: 'admin',
    body: { json: NewTrustRequest },
    answer: { status: 201, description: 'The trust.', json: TrustView },
    problems: [400, 404, 415, 422],
  })
  async create(@JsonBody(NewTrustRequest) request: NewTrustRequest): Promise<TrustView> {
    const { expiresAt, ...rest } = request;
    const problem = issuerUrlProblem(request.issuer, this.settings.oidcAllowHttpLoopback);
    if (problem !== undefined) throw new InvalidInputError('The body', [`issuer: ${problem}`]);
    if (!(await this.clients.byName(request.client))) throw new NotFoundError('client', request.client);
    const trust = { ...rest, ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }) };
    return trustView(await this.trusts.create(trust));
  }

  @Endpoint({
    method: 'get',
    path: '/v1/trusts',
    operationId: 'listTrusts',
    summary: 'Trusts in OIDC issuers, newest first',
    role: 'admin',
    query: TrustsQuery,
    answer: { status: 200, description: 'Trusts.', json: TrustList },
    problems: [422],
  })
  async list(@QueryOf(TrustsQuery) query: TrustsQuery): Promise<TrustList> {
    return { trusts: (await this.trusts.list(query)).map(trustView) };
  }

  @Endpoint({
    method: 'delete',
    path: '/v1/trusts/:id',
    operationId: 'revokeTrust',
    summary: 'End a trust at once',
    role: 'admin',
    answer: { status: 204, description: 'Its tokens are no longer taken.' },
    problems: [404],
  })
  async revoke(@Param('id') id: string): Promise<void> {
    if (!ULID.test(id) || !(await this.trusts.revoke(id))) throw new NotFoundError('trust', id);
  }
}
