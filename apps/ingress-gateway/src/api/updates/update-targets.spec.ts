import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceSpec, UpdateView } from '@podway/contracts';
import { Inventory } from '@podway/persistence';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let operator: string;

const pods = [
  pod('eu', 'acme'),
  pod('us', 'acme'),
  pod('asia', 'acme'),
  pod('foreign', 'rival'),
  pod('narrow', 'acme', { policy: { queue: { depth: 2 } } }),
];
const resources: ResourceSpec[] = [
  { name: 'storefront', client: 'acme', pods: ['us', 'eu'], mode: 'all-or-nothing' },
  { name: 'outlet', client: 'acme', pods: ['asia'] },
  { name: 'storefront', client: 'rival', pods: ['foreign'] },
];

beforeAll(async () => {
  gateway = await startGateway();
  await new Inventory(gateway.dataSource).apply(pods, 'test', { resources });
  publisher = await gateway.key('acme', 'publisher');
  operator = await gateway.key('*', 'operator');
});
afterAll(() => gateway.close());

function publish(query: string, body: Buffer, key = publisher): request.Test {
  return request(gateway.api)
    .post(`/v1/updates?${query}`)
    .set('Authorization', `Bearer ${key}`)
    .set('Content-Type', 'application/gzip')
    .send(body);
}

function targeted(target: string): Promise<Buffer> {
  return bundleOf({
    'podway.yaml': `apiVersion: podway/v1\nname: shop\nversion: 1.0.0\n${target}components: [{ name: site, installer: archive }]\n`,
    'index.html': String(Math.random()),
  });
}

const names = (view: UpdateView): string[] => view.deployments.map((deployment) => deployment.pod);

describe('an update goes to', () => {
  // prettier-ignore
  it.each([
    ['one POD',                              'pod=eu',                         '',                                        ['eu'],               undefined],
    ['several PODs, in order by default',    'pods=us,asia,eu',                '',                                        ['us', 'asia', 'eu'], 'in-order'],
    ['several PODs, as the request says',    'pods=us,eu&mode=together',       '',                                        ['us', 'eu'],         'together'],
    ['a resource, as it says',               'resource=storefront',            '',                                        ['us', 'eu'],         'all-or-nothing'],
    ['a resource, as the request says',      'resource=storefront&mode=together', '',                                     ['us', 'eu'],         'together'],
    ['a resource of one POD',                'resource=outlet',                '',                                        ['asia'],             undefined],
    ['what the manifest names',              '',                               'target: { pods: [eu, us], mode: all-or-nothing }\n', ['eu', 'us'], 'all-or-nothing'],
    ['the resource that the manifest names', '',                               'target: { resource: storefront }\n',      ['us', 'eu'],         'all-or-nothing'],
    ['the request before the manifest',      'pod=asia',                       'target: { pods: [eu, us] }\n',            ['asia'],             undefined],
  ] as const)('%s', async (_name, query, target, wanted, mode) => {
    const { body } = await publish(query, await targeted(target)).expect(202);
    expect(names(body)).toEqual(wanted);
    expect(body.mode).toBe(mode);
    expect(new Set(body.deployments.map(({ id }: { id: string }) => id)).size).toBe(wanted.length);
    const read = await request(gateway.api)
      .get(`/v1/updates/${body.id}`)
      .set('Authorization', `Bearer ${publisher}`)
      .expect(200);
    expect(read.body).toEqual(body);
  });

  it('all its PODs by one message each, which says where it stands among them', async () => {
    const { body } = await publish('resource=storefront', await shopBundle()).expect(202);
    const sent = () =>
      gateway.broker.published
        .map(({ envelope }) => envelope.data as Record<string, unknown>)
        .filter(({ updateId }) => updateId === body.id);
    await expect.poll(() => sent().length).toBe(2);
    expect(sent()).toMatchObject([
      {
        target: { pod: 'us', resource: 'storefront' },
        group: { mode: 'all-or-nothing', size: 2, position: 0 },
        submittedAt: body.submittedAt,
      },
      { target: { pod: 'eu' }, group: { position: 1 }, submittedAt: body.submittedAt },
    ]);
  });

  it('a resource of any client, for operators who say whose', async () => {
    const bundle = await targeted('');
    expect((await publish('resource=storefront', bundle, operator).expect(422)).body.code).toBe(
      'UPDATE.TARGET_UNCLEAR',
    );
    const { body } = await publish('resource=storefront&client=rival', bundle, operator).expect(202);
    expect(names(body)).toEqual(['foreign']);
  });
});

describe('an update is refused', () => {
  // prettier-ignore
  it.each([
    ['that names nothing',                   '',                          422, 'UPDATE.NO_TARGET'],
    ['that names a POD and a resource',      'pod=eu&resource=storefront', 422, 'UPDATE.TARGET_UNCLEAR'],
    ['that names a POD twice',               'pods=eu,us,eu',             422, 'UPDATE.TARGET_UNCLEAR'],
    ['that names a foreign POD among others', 'pods=eu,foreign',          404, 'POD.NOT_FOUND'],
    ['that names a missing POD among others', 'pods=eu,nowhere',          404, 'POD.NOT_FOUND'],
    ['that names a missing resource',        'resource=nothing',          404, 'RESOURCE.NOT_FOUND'],
    ['that is done in an unknown way',       'pods=eu,us&mode=somehow',   422, 'INPUT.INVALID'],
    ['that is urgent, of a publisher',       'pod=eu&urgent=true',        403, 'AUTH.NOT_ALLOWED'],
  ] as const)('%s', async (_name, query, status, code) => {
    const { body } = await publish(query, await targeted('')).expect(status);
    expect(body.code).toBe(code);
  });

  it('that names PODs of several clients', async () => {
    const { body } = await publish('pods=eu,foreign', await targeted(''), operator).expect(422);
    expect(body.code).toBe('UPDATE.SEVERAL_CLIENTS');
  });

  it('whose manifest names two ways', async () => {
    const { body } = await publish('', await targeted('target: { pod: eu, resource: storefront }\n')).expect(
      422,
    );
    expect(body.code).toMatch(/^BUNDLE\./);
    expect(body.detail).toContain('exactly one of pod, pods and resource');
  });

  it('for which too many wait, in any of its PODs, and then nothing of it is begun', async () => {
    for (const n of [1, 2]) await publish('pod=narrow', await targeted(`# ${n}\n`)).expect(202);
    const answer = await publish('pods=eu,narrow', await targeted('')).expect(429);
    expect(answer.body.code).toBe('QUEUE.FULL');
    const [row] = await gateway.dataSource.query(
      `select count(*)::int as n from ingress.updates where pod = 'narrow'`,
    );
    expect(row.n).toBe(2);
  });
});

describe('resources', () => {
  it('are listed, each client its own', async () => {
    const list = async (key: string): Promise<unknown> =>
      (await request(gateway.api).get('/v1/resources').set('Authorization', `Bearer ${key}`).expect(200)).body
        .resources;
    expect(await list(publisher)).toEqual([
      { name: 'outlet', client: 'acme', pods: ['asia'], mode: 'in-order' },
      { name: 'storefront', client: 'acme', pods: ['us', 'eu'], mode: 'all-or-nothing' },
    ]);
    expect(await list(operator)).toHaveLength(3);
  });

  it('name PODs of their client only', async () => {
    const foreign: ResourceSpec = { name: 'mix', client: 'acme', pods: ['eu', 'foreign'] };
    await expect(
      new Inventory(gateway.dataSource).apply([], 'test', { resources: [foreign] }),
    ).rejects.toMatchObject({ code: 'INVENTORY.RESOURCE_POD' });
  });
});
