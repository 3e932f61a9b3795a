import { Controller } from '@nestjs/common';
import { CallerView } from '@podway/contracts';
import { scopesOf, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from './caller.js';

/** Who asks. */
@Controller()
export class CallerController {
  @Endpoint({
    method: 'get',
    path: '/v1/caller',
    operationId: 'getCaller',
    summary: 'Whose credential this is, and what that one may do',
    role: 'viewer',
    answer: { status: 200, description: 'The caller.', json: CallerView },
  })
  who(@Caller() caller: Identity): CallerView {
    return {
      credential: caller.keyId,
      client: caller.client,
      role: caller.role,
      scopes: scopesOf(caller).map(({ client, pods, rights }) => ({
        client,
        ...(pods ? { pods: [...pods] } : {}),
        rights: [...rights],
      })),
    };
  }
}
