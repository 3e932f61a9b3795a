import { Controller, Param } from '@nestjs/common';
import { ChangeVariablesRequest, ClientVariablesView, NAME, type VariableValues } from '@podway/contracts';
import { ClientVariables } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { JsonBody } from '../input/input.pipes.js';
import { NotFoundError } from '../problems/api.errors.js';

/** Values of bundles' variables for all PODs of a client. They may name any secret of the installer agents: for admins. */
@Controller()
export class ClientVariablesController {
  constructor(private readonly variables: ClientVariables) {}

  @Endpoint({
    method: 'get',
    path: '/v1/clients/:id/variables',
    operationId: 'getClientVariables',
    summary: "Values of bundles' variables for all PODs of a client",
    role: 'admin',
    answer: { status: 200, description: 'The values.', json: ClientVariablesView },
    problems: [404],
  })
  async one(@Param('id') client: string): Promise<ClientVariablesView> {
    return found(client, NAME.test(client) ? await this.variables.of(client) : undefined);
  }

  @Endpoint({
    method: 'put',
    path: '/v1/clients/:id/variables',
    operationId: 'changeClientVariables',
    summary: 'Set and unset values; what is not named stays as it is',
    role: 'admin',
    body: { json: ChangeVariablesRequest },
    answer: { status: 200, description: 'The values, as they are now.', json: ClientVariablesView },
    problems: [400, 404, 415, 422],
  })
  async change(
    @Param('id') client: string,
    @JsonBody(ChangeVariablesRequest) change: ChangeVariablesRequest,
  ): Promise<ClientVariablesView> {
    return found(client, NAME.test(client) ? await this.variables.change(client, change) : undefined);
  }
}

function found(client: string, variables: VariableValues | undefined): ClientVariablesView {
  if (!variables) throw new NotFoundError('client', client);
  return { client, variables };
}
