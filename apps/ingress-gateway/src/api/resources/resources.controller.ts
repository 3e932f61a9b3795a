import { Controller } from '@nestjs/common';
import { ResourceList } from '@podway/contracts';
import { may, Resources, type Identity } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { Caller } from '../identity/caller.js';

/** What clients call their own, and the PODs that serve it. */
@Controller()
export class ResourcesController {
  constructor(private readonly resources: Resources) {}

  @Endpoint({
    method: 'get',
    path: '/v1/resources',
    operationId: 'listResources',
    summary: 'The resources that the caller may see',
    role: 'viewer',
    answer: { status: 200, description: 'Resources, by client and name.', json: ResourceList },
  })
  async list(@Caller() caller: Identity): Promise<ResourceList> {
    const all = await this.resources.list();
    const found = all.filter(({ client, pods }) => pods.every((pod) => may(caller, 'view', client, pod)));
    return { resources: found.map(({ mode, ...resource }) => ({ ...resource, mode: mode ?? 'in-order' })) };
  }
}
