import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rotation, WriteFences } from '@podway/persistence';
import { insertDeployment } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let viewer: string;
let admin: string;

beforeAll(async () => {
  gateway = await startGateway();
  Object.assign(gateway.context.settings, { apiHosts: 'podway.example,api.example' });
  viewer = await gateway.key('acme', 'viewer');
  admin = await gateway.key('*', 'admin');
});
afterAll(() => gateway.close());

function get(path: string, key = viewer): request.Test {
  return request(gateway.api).get(path).set('Authorization', `Bearer ${key}`);
}

function put(body: object, query = '', key = admin): request.Test {
  return request(gateway.api).put(`/v1/pods${query}`).set('Authorization', `Bearer ${key}`).send(body);
}

const file = (...pods: object[]): object => ({ apiVersion: 'podway/v1', pods });

describe('applying an inventory', () => {
  it('tells what it changed, and prunes only when asked', async () => {
    const shop = pod('shop', 'acme', { hosts: ['shop.example'] });
    const first = await put(file(shop, pod('other', 'rival'))).expect(200);
    expect(first.body.changes).toEqual([
      { pod: 'shop', change: 'added', revision: 1 },
      { pod: 'other', change: 'added', revision: 1 },
    ]);
    const second = await put(file({ ...shop, path: '/srv/new' })).expect(200);
    expect(second.body.changes).toEqual([{ pod: 'shop', change: 'changed', revision: 2 }]);
    const third = await put(file({ ...shop, path: '/srv/new' }), '?prune=true').expect(200);
    expect(third.body.changes).toEqual([
      { pod: 'shop', change: 'unchanged', revision: 2 },
      { pod: 'other', change: 'removed', revision: 1 },
    ]);
    await put(file(pod('other', 'rival'))).expect(200);
  });

  it('is all or nothing', async () => {
    const clash = await put(
      file(pod('a', 'acme', { hosts: ['x.example'] }), pod('b', 'acme', { hosts: ['x.example'] })),
    );
    expect(clash.status).toBe(409);
    expect(clash.body.code).toBe('INVENTORY.HOST_TAKEN');
    await get('/v1/pods/a').expect(404);
  });

  const one = { name: 's1', http: 'http://127.0.0.1:80' };
  it.each([
    ['no way in', { ...pod('p', 'acme'), servers: [one] }],
    [
      'two ways in',
      {
        ...pod('p', 'acme'),
        servers: [{ ...one, local: true, ssh: { host: 'h', hostKeys: ['ssh-rsa AAAA'] } }],
      },
    ],
    [
      'an address with a path',
      { ...pod('p', 'acme'), servers: [{ ...one, local: true, http: 'http://h/path' }] },
    ],
    ['a command probe without a command', { ...pod('p', 'acme'), checks: [{ probe: 'command' }] }],
    ['a fingerprint probe without a file', { ...pod('p', 'acme'), checks: [{ probe: 'fingerprint' }] }],
    ['an unknown field', { ...pod('p', 'acme'), colour: 'red' }],
    ['a wrong nested type', { ...pod('p', 'acme'), servers: 'many' }],
    ['no servers', { ...pod('p', 'acme'), servers: [] }],
    [
      'two servers of one name',
      {
        ...pod('p', 'acme'),
        servers: [
          { ...one, local: true },
          { ...one, local: true },
        ],
      },
    ],
    ['a name that is none', pod('UPPER', 'acme')],
    ['a host of the API', pod('p', 'acme', { hosts: ['p.example', 'api.example'] })],
    ['a path that climbs', pod('p', 'acme', { path: '/srv/../etc' })],
  ])('refuses %s', async (_, wrong) => {
    const answer = await put(file(wrong)).expect(422);
    expect(answer.body).toMatchObject({ code: 'INPUT.INVALID', problems: [expect.any(String)] });
  });
});

describe('looking at PODs', () => {
  it('shows a client its own, with what goes on in each', async () => {
    await insertDeployment(gateway.dataSource, { state: 'Queued' });
    const running = await insertDeployment(gateway.dataSource, { state: 'Installing', leased: true });
    const { body } = await get('/v1/pods').expect(200);
    expect(body.pods).toMatchObject([
      { name: 'shop', client: 'acme', serverCount: 3, runningDeployment: running.id, queueLength: 1 },
    ]);
    const all = await get('/v1/pods', admin).expect(200);
    expect(all.body.pods.map((one: { name: string }) => one.name)).toEqual(['other', 'shop']);
  });

  it('shows every server as last proved', async () => {
    const { dataSource } = gateway;
    await dataSource.query(
      `insert into coordinator.server_status (pod, server, release, fingerprint, quarantined, reason, updated_at)
       values ('shop', 's1', 2, $1, false, null, now()), ('shop', 's2', 1, $1, true, 'unreachable', now())`,
      ['c'.repeat(64)],
    );
    await dataSource.query(
      `insert into coordinator.releases (pod, number, tree_id, fingerprint, source_release, deployment_id, publisher, created_at)
       select 'shop', n, 'T', $1, case n when 2 then 1 end, $2 || n, 'k', now() from generate_series(1, 2) n`,
      ['c'.repeat(64), '01JX4E7Q2M8V3K5N6P9R0S1T2'],
    );
    await new Rotation(dataSource).set('shop', new Map([['s2', false]]), 1);
    const { body } = await get('/v1/pods/shop').expect(200);
    expect(body).toMatchObject({
      release: 2,
      currentRelease: { number: 2, sourceRelease: 1, current: true },
      servers: [
        { name: 's1', release: 2, inRotation: true, quarantined: false },
        { name: 's2', release: 1, inRotation: false, quarantined: true, reason: 'unreachable' },
        { name: 's3', inRotation: true, quarantined: false },
      ],
    });
    const releases = await get('/v1/pods/shop/releases?limit=1').expect(200);
    expect(releases.body.releases).toMatchObject([{ number: 2, current: true }]);
  });

  it('tells when users may not write, and what the POD is for', async () => {
    expect((await get('/v1/pods/shop')).body).not.toHaveProperty('writesFenced');
    const [owner] = await gateway.dataSource.query(
      `select id from coordinator.deployments where pod = 'shop' and leased`,
    );
    const fences = new WriteFences(gateway.dataSource);
    await fences.set('shop', owner.id, 2);
    const { body } = await get('/v1/pods/shop').expect(200);
    expect(body.writesFenced).toEqual({ deploymentId: owner.id, since: expect.any(String) });
    // One of a deployment that no longer owns the POD holds nothing up.
    await fences.set('shop', '01HZZZZZZZZZZZZZZZZZZZZZZZ', 3);
    expect((await get('/v1/pods/shop')).body).not.toHaveProperty('writesFenced');
    expect(body).not.toHaveProperty('environment');
    await put(file({ ...pod('shop', 'acme'), environment: 'staging' })).expect(200);
    expect((await get('/v1/pods/shop')).body.environment).toBe('staging');
    await put(file({ ...pod('shop', 'acme'), environment: 'prod' })).expect(422);
  });

  it('has no other client’s PODs', async () => {
    for (const path of ['', '/releases']) {
      const foreign = await get(`/v1/pods/other${path}`).expect(404);
      const missing = await get(`/v1/pods/nowhere${path}`).expect(404);
      expect(JSON.stringify(foreign.body)).toBe(JSON.stringify(missing.body).replaceAll('nowhere', 'other'));
    }
  });
});
