import { PodUnresolved, ResolvePod, type PodSpec, type PodwayError } from '@podway/contracts';
import type { Inventory, Resources } from '@podway/persistence';
import { describe, expect, it } from 'vitest';
import { Resolving } from './resolving.js';

const pods: Record<string, string> = { shop: 'acme', blog: 'acme', other: 'rival' };

const resolving = new Resolving(
  {
    current: async (name: string) =>
      pods[name] === undefined ? undefined : { spec: { name, client: pods[name] } as PodSpec, revision: 1 },
  } as unknown as Inventory,
  {
    find: async (client: string, name: string) =>
      client === 'acme' && name === 'storefront' ? { client, name, pods: ['shop'], mode: null } : undefined,
  } as unknown as Resources,
);

function command(pod: string, client: string, resource?: string): ResolvePod {
  return Object.assign(new ResolvePod(), {
    ...{ deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W', step: 'Resolving', attempt: 1, deadline: '' },
    publisher: { key: 'k1', client },
    target: { pod, ...(resource === undefined ? {} : { resource }) },
  } as const);
}

describe('Resolving', () => {
  it.each([
    ['a POD of the client', 'shop', 'acme', undefined],
    ['a POD, for the hosting service', 'other', '*', undefined],
    ['a POD that serves the resource', 'shop', 'acme', 'storefront'],
  ])('finds %s', async (_name, pod, client, resource) => {
    expect(await resolving.execute(command(pod, client, resource))).toMatchObject({ pod, client: pods[pod] });
  });

  // A foreign POD looks the same as one that is not there.
  it.each([
    ['a POD that is not there', 'nowhere', 'acme', undefined, 'POD.UNKNOWN'],
    ['a POD of another client', 'other', 'acme', undefined, 'POD.UNKNOWN'],
    ['a POD that does not serve the resource any more', 'blog', 'acme', 'storefront', 'RESOURCE.NOT_SERVED'],
    ['a resource that is gone', 'shop', 'acme', 'outlet', 'RESOURCE.NOT_SERVED'],
  ])('refuses %s', async (_name, pod, client, resource, code) => {
    const asked = command(pod, client, resource);
    const error = await resolving.execute(asked).then(
      () => undefined,
      (caught: unknown) => caught as PodwayError,
    );
    expect(error).toMatchObject({ code });
    expect(resolving.failed(asked, error as PodwayError)).toBeInstanceOf(PodUnresolved);
  });
});
