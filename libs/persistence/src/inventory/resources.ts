import type { DataSource, EntityManager } from 'typeorm';
import { PodwayError, type ResourceSpec } from '@podway/contracts';
import { PodEntity, ResourceEntity } from '../entities/index.js';

/** The file's resources and its PODs do not belong together. */
export class ResourceConflictError extends PodwayError {
  constructor({ client, name }: { client: string; name: string }, pod: string) {
    super(
      'INVENTORY.RESOURCE_POD',
      `Resource ${name} of ${client} names ${pod}, which is no POD of ${client}`,
      {
        details: { client, resource: name, pod },
      },
    );
  }
}

/** Clients' resources: which PODs serve what. */
export class Resources {
  constructor(private readonly dataSource: DataSource) {}

  /** The resource, or undefined. Names are the client's own. */
  async find(client: string, name: string): Promise<ResourceEntity | undefined> {
    return (await this.dataSource.manager.findOneBy(ResourceEntity, { client, name })) ?? undefined;
  }

  /** By client and name. */
  list(client?: string): Promise<ResourceEntity[]> {
    return this.dataSource.manager.find(ResourceEntity, {
      where: client === undefined ? {} : { client },
      order: { client: 'ASC', name: 'ASC' },
    });
  }
}

/** Part of applying the inventory: resources of the file, and with `prune` no others. After the PODs. */
export async function putResources(
  manager: EntityManager,
  resources: readonly ResourceSpec[],
  prune: boolean,
): Promise<void> {
  if (prune) await manager.createQueryBuilder().delete().from(ResourceEntity).execute();
  for (const { client, name, pods, mode } of resources) {
    await manager.save(ResourceEntity, { client, name, pods, mode: mode ?? null });
  }
  await refuseForeignPods(manager);
}

async function refuseForeignPods(manager: EntityManager): Promise<void> {
  const pods = await manager.find(PodEntity);
  const resources = await manager.find(ResourceEntity);
  const owners = new Map(pods.filter((pod) => !pod.removedAt).map((pod) => [pod.name, pod.client]));
  for (const resource of resources) {
    const foreign = resource.pods.find((pod) => owners.get(pod) !== resource.client);
    if (foreign !== undefined) throw new ResourceConflictError(resource, foreign);
  }
}
