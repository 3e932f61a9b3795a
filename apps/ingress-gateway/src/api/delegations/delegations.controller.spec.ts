import request from 'supertest';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { shopBundle } from '../../../test/bundle.js';
import { appendChange, insertDeployment, numberEvents } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { eventReader, type EventReader } from '../../../test/event-reader.js';

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

let gateway: TestGateway;
let admin: string;
/** A publisher of the third party. */
let helper: string;
beforeAll(async () => {
  gateway = await startGateway({ PODWAY_EVENTS_HEARTBEAT_MS: '100' });
  await gateway.apply([pod('shop', 'acme'), pod('blog', 'acme'), pod('own', 'helper'), pod('else', 'rival')]);
  admin = await gateway.key('*', 'admin');
});
afterAll(() => gateway.close());
beforeEach(async () => {
  helper = await gateway.key('helper', 'publisher');
  await gateway.dataSource.query('truncate auth.delegations, coordinator.deployments, coordinator.event_log');
});

async function call(
  method: 'get' | 'post' | 'delete',
  path: string,
  { key = admin, body }: { key?: string; body?: object } = {},
): Promise<request.Response> {
  return request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`).send(body);
}

/** Delegates the POD `shop` to the third party and returns the delegation's id. */
async function delegate(rest: object = {}): Promise<string> {
  const body = { client: 'acme', pods: ['shop'], toClient: 'helper', rights: ['publish'], until: inAnHour() };
  const made = await call('post', '/v1/delegations', { body: { ...body, ...rest } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body.id;
}
const revoke = (id: string): Promise<request.Response> => call('delete', `/v1/delegations/${id}`);
const names = (answer: request.Response): string[] =>
  answer.body.pods.map(({ name }: { name: string }) => name);

describe('delegations', () => {
  it('are made, listed and revoked', async () => {
    const id = await delegate({ note: 'the agency', pods: ['shop', 'blog', 'shop'] });
    const [listed] = (await call('get', '/v1/delegations')).body.delegations;
    expect(listed).toEqual({
      ...{ id, client: 'acme', pods: ['blog', 'shop'], toClient: 'helper', rights: ['view', 'publish'] },
      ...{
        note: 'the agency',
        until: expect.any(String),
        from: expect.any(String),
        createdAt: expect.any(String),
      },
    });
    expect([(await revoke(id)).status, (await revoke(id)).status]).toEqual([204, 404]);
    const [over] = (await call('get', '/v1/delegations')).body.delegations;
    expect(over.revokedAt).toEqual(expect.any(String));
  });

  it('are listed page by page, for both sides', async () => {
    const made = [
      await delegate(),
      await delegate({ pods: ['blog'] }),
      await delegate({ toClient: 'rival' }),
    ];
    const ids = async (query: string): Promise<string[]> =>
      (await call('get', `/v1/delegations?${query}`)).body.delegations.map(({ id }: { id: string }) => id);
    expect(await ids('client=acme&limit=2')).toEqual([made[2], made[1]]);
    expect(await ids(`client=acme&before=${made[1]}`)).toEqual([made[0]]);
    expect(await ids('client=rival')).toEqual([made[2]]);
    expect(await ids('client=nobody')).toEqual([]);
  });

  it.each([
    [{ toKey: 'abcdefghijkl' }, 422, 'exactly one'],
    [{ toClient: undefined }, 422, 'exactly one'],
    [{ rights: [] }, 422, 'rights'],
    [{ rights: ['operate'] }, 422, 'rights'],
    [{ pods: [] }, 422, 'pods'],
    [{ until: undefined }, 422, 'until'],
    [{ until: '2020-01-01T00:00:00Z' }, 422, 'until'],
    [{ from: '2090-01-01T00:00:00Z' }, 422, 'until'],
    [{ toClient: 'acme' }, 422, 'itself'],
    [{ toClient: undefined, toKey: 'abcdefghijkl' }, 404, 'key'],
    [{ toClient: undefined, toKey: 'oidc:01JX4E7Q2M8V3K5N6P9R0S1T2W' }, 404, 'key'],
    [{ toClient: 'nobody' }, 404, 'client'],
    [{ client: 'nobody' }, 404, 'client'],
    [{ pods: ['nowhere'] }, 404, 'POD'],
    [{ pods: ['shop', 'else'] }, 404, 'POD'],
  ])('are not made with %j: %i', async (rest, status, about) => {
    const body = { client: 'acme', pods: ['shop'], toClient: 'helper', rights: ['view'], until: inAnHour() };
    const answer = await call('post', '/v1/delegations', { body: { ...body, ...rest } });
    expect(answer.status).toBe(status);
    expect(answer.body.detail).toContain(about);
  });

  it('are not made to the hosting service', async () => {
    const body = {
      client: 'acme',
      pods: ['shop'],
      toKey: admin.slice(3, 15),
      rights: ['view'],
      until: inAnHour(),
    };
    expect((await call('post', '/v1/delegations', { body })).status).toBe(422);
  });
});

describe('a third party sees', () => {
  const deployments = async (query = ''): Promise<string[]> =>
    (await call('get', `/v1/deployments${query}`, { key: helper })).body.deployments.map(
      (one: { pod: string }) => one.pod,
    );

  it('in the list of PODs, its own and those delegated to it', async () => {
    expect(names(await call('get', '/v1/pods', { key: helper }))).toEqual(['own']);
    const id = await delegate();
    expect(names(await call('get', '/v1/pods', { key: helper }))).toEqual(['own', 'shop']);
    await revoke(id);
    expect(names(await call('get', '/v1/pods', { key: helper }))).toEqual(['own']);
  });

  it('in the list of deployments, those of these PODs, also before the POD is resolved', async () => {
    for (const [name, client] of [
      ['shop', 'acme'],
      ['blog', 'acme'],
      ['own', 'helper'],
      ['else', 'rival'],
    ]) {
      await insertDeployment(gateway.dataSource, { pod: name as string, client: client as string });
    }
    const early = await insertDeployment(gateway.dataSource, { state: 'Authenticating' });
    await gateway.dataSource.query('update coordinator.deployments set pod = null where id = $1', [early.id]);
    expect(await deployments()).toEqual(['own']);
    await delegate();
    expect(await deployments()).toEqual(['shop', 'own', 'shop']);
    expect(await deployments('?pod=shop')).toEqual(['shop']);
    expect([await deployments('?pod=blog'), await deployments('?pod=nowhere')]).toEqual([[], []]);
  });

  it('nothing of a POD once the time is over', async () => {
    const until = new Date(Date.now() + 400).toISOString();
    await delegate({ until });
    expect((await call('get', '/v1/pods/shop', { key: helper })).status).toBe(200);
    await expect.poll(async () => (await call('get', '/v1/pods/shop', { key: helper })).status).toBe(404);
  });

  it('with a key for some PODs, only these', async () => {
    await delegate({ pods: ['shop', 'blog'] });
    const narrow = await gateway.key('helper', 'publisher', { pods: ['blog'] });
    expect(names(await call('get', '/v1/pods', { key: narrow }))).toEqual(['blog']);
  });

  it('as a viewer, without publishing, whatever was delegated', async () => {
    await delegate();
    const viewer = await gateway.key('helper', 'viewer');
    expect((await call('get', '/v1/pods/shop', { key: viewer })).status).toBe(200);
    expect((await call('post', '/v1/updates', { key: viewer, body: { pod: 'shop' } })).status).toBe(403);
  });

  it('with the right to approve, what waits for it, and may publish nothing', async () => {
    await delegate({ rights: ['approve'], toClient: undefined, toKey: helper.slice(3, 15) });
    const approver = await gateway.key('helper', 'approver');
    const { id } = await insertDeployment(gateway.dataSource, { state: 'AwaitingApproval' });
    const approve = (key: string, of = id): Promise<request.Response> =>
      call('post', `/v1/deployments/${of}/approve`, { key });
    // Approving is no right of a publisher's key, wherever it was delegated.
    expect((await approve(helper)).status).toBe(403);
    const [foreign, nowhere] = [await approve(approver), await approve(approver, ulid())];
    expect([foreign.status, nowhere.status]).toEqual([404, 404]);
    expect(foreign.text.replaceAll(/[0-9A-Z]{26}/g, '')).toBe(nowhere.text.replaceAll(/[0-9A-Z]{26}/g, ''));
    await delegate({ rights: ['approve'] });
    expect((await approve(approver)).status).toBe(202);
    expect((await call('post', '/v1/updates', { key: approver, body: { pod: 'shop' } })).status).toBe(403);
    // Sees it, and may do no more there than was delegated.
    expect((await call('post', '/v1/updates', { key: helper, body: { pod: 'shop' } })).body.code).toBe(
      'AUTH.NOT_ALLOWED',
    );
  });

  it('of an update of several PODs, only its own part', async () => {
    await delegate();
    const bundle = await shopBundle(ulid());
    const publish = (pods: string, key: string): request.Test =>
      request(gateway.api)
        .post(`/v1/updates?pods=${pods}`)
        .set('Authorization', `Bearer ${key}`)
        .type('application/gzip')
        .send(bundle);
    const acme = await gateway.key('acme', 'publisher');
    const { id } = (await publish('blog,shop', acme).expect(202)).body;
    const seen = (await call('get', `/v1/updates/${id}`, { key: helper })).body;
    expect(seen.deployments.map((one: { pod: string }) => one.pod)).toEqual(['shop']);
    expect(JSON.stringify(seen)).not.toContain('blog');
    const [foreign, nowhere] = [await publish('shop,blog', helper), await publish('shop,nowhere', helper)];
    expect(foreign.status).toBe(404);
    expect(foreign.text.replaceAll('blog', 'nowhere')).toBe(nowhere.text);
  });

  it('no answer that it got before, once it may no longer publish there', async () => {
    const id = await delegate();
    const publish = async (name: string): Promise<request.Response> =>
      request(gateway.api)
        .post(`/v1/updates?pod=${name}`)
        .set('Authorization', `Bearer ${helper}`)
        .set('Idempotency-Key', 'k1')
        .type('application/gzip')
        .send(bundle);
    const bundle = await shopBundle(ulid());
    const first = await publish('shop');
    expect([first.status, (await publish('shop')).body.id]).toEqual([202, first.body.id]);
    await revoke(id);
    const [foreign, nowhere] = [await publish('shop'), await publish('nowhere')];
    expect(foreign.status).toBe(404);
    expect(foreign.text.replaceAll('shop', 'nowhere')).toBe(nowhere.text);
    expect((await call('get', `/v1/updates/${first.body.id}`, { key: helper })).status).toBe(404);
  });
});

describe('the event stream of a third party', () => {
  let reader: EventReader | undefined;
  afterEach(() => reader?.leave());

  const happen = async (name: string, client: string): Promise<void> => {
    const deployment = { id: ulid(), updateId: ulid(), client, pod: name };
    await appendChange(gateway.dataSource, deployment, { to: 'Queued', cause: 'PodResolved' });
    await numberEvents(gateway.dataSource);
  };
  const everywhere = async (): Promise<void> => {
    for (const [name, client] of [
      ['shop', 'acme'],
      ['blog', 'acme'],
      ['own', 'helper'],
      ['else', 'rival'],
    ]) {
      await happen(name as string, client as string);
    }
  };
  const heartbeats = (): number => reader?.text().match(/: alive/g)?.length ?? 0;
  const aHeartbeatLater = async (): Promise<void> => {
    const before = heartbeats();
    await expect.poll(heartbeats).toBeGreaterThan(before + 1);
  };

  it('narrows with the heartbeat after the delegation was revoked, and widens with a new one', async () => {
    const id = await delegate();
    reader = await eventReader(gateway.api, helper);
    await everywhere();
    await expect.poll(() => reader?.subjects()).toEqual(['acme/shop', 'helper/own']);
    await revoke(id);
    await aHeartbeatLater();
    await everywhere();
    await aHeartbeatLater();
    expect(reader.subjects()).toEqual(['acme/shop', 'helper/own', 'helper/own']);
    await delegate({ pods: ['blog'] });
    await aHeartbeatLater();
    await everywhere();
    await expect.poll(() => reader?.subjects().slice(3)).toEqual(['acme/blog', 'helper/own']);
  });

  it('of a foreign POD is as silent as that of none', async () => {
    reader = await eventReader(gateway.api, helper, '?pod=blog');
    const nowhere = await eventReader(gateway.api, helper, '?pod=nowhere');
    await everywhere();
    await aHeartbeatLater();
    expect([reader.subjects(), nowhere.subjects()]).toEqual([[], []]);
    nowhere.leave();
  });

  it('ends when its client is disabled', async () => {
    const key = await gateway.key('doomed', 'viewer');
    reader = await eventReader(gateway.api, key);
    await request(gateway.api)
      .put('/v1/clients/doomed')
      .set('Authorization', `Bearer ${admin}`)
      .send({ disabled: true })
      .expect(200);
    await reader.ended;
  });
});
