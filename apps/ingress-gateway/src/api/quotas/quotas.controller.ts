import { Controller, Param } from '@nestjs/common';
import { NAME, QuotaRequest, QuotaView } from '@podway/contracts';
import { Quotas, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller, sees } from '../identity/caller.js';
import { JsonBody } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';

/** What clients may use, and what they do. */
@Controller()
export class QuotasController {
  constructor(private readonly quotas: Quotas) {}

  @Endpoint({
    method: 'get',
    path: '/v1/clients/:id/quota',
    operationId: 'getQuota',
    summary: "A client's limits, and what it uses of them",
    role: 'viewer',
    answer: { status: 200, description: 'Limits and use.', json: QuotaView },
    problems: [404],
  })
  one(@Caller() caller: Identity, @Param('id') client: string): Promise<QuotaView> {
    if (!NAME.test(client) || !sees(caller, client)) throw new NotFoundError('client', client);
    return this.view(client);
  }

  @Endpoint({
    method: 'put',
    path: '/v1/clients/:id/quota',
    operationId: 'setQuota',
    summary: "Set a client's limits; what is left out has the default of the settings",
    role: 'operator',
    body: { json: QuotaRequest },
    answer: { status: 200, description: 'Limits and use.', json: QuotaView },
    problems: [400, 404, 415, 422],
  })
  async set(@Param('id') client: string, @JsonBody(QuotaRequest) limits: QuotaRequest): Promise<QuotaView> {
    if (!NAME.test(client)) throw new NotFoundError('client', client);
    await this.quotas.set(client, limits);
    return this.view(client);
  }

  private async view(client: string): Promise<QuotaView> {
    const [limits, used] = await Promise.all([this.quotas.limits(client), this.quotas.used(client)]);
    return { client, limits, used };
  }
}
