import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Clients } from '@podway/persistence';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

const trust = {
  ...{ issuer: 'https://ci.example', audience: 'https://podway.example', client: 'acme', role: 'publisher' },
  claims: [{ name: 'repository', value: 'acme/shop' }],
};

let gateway: TestGateway;
let admin: string;
beforeAll(async () => {
  gateway = await startGateway();
  admin = `Bearer ${await gateway.key('*', 'admin')}`;
  await new Clients(gateway.dataSource).create('acme');
});
afterAll(() => gateway.close());

const make = (body: object): request.Test =>
  request(gateway.api).post('/v1/trusts').set('Authorization', admin).send(body);

it('are made, listed and revoked', async () => {
  const wanted = { ...trust, pods: ['shop'], note: 'main branch', expiresAt: '2090-01-01T00:00:00.000Z' };
  const { body } = await make(wanted).expect(201);
  expect(body).toEqual({ ...wanted, id: expect.any(String), createdAt: expect.any(String) });
  const list = (query = ''): request.Test =>
    request(gateway.api).get(`/v1/trusts${query}`).set('Authorization', admin);
  expect((await list().expect(200)).body).toEqual({ trusts: [body] });
  expect((await list(`?before=${body.id}`)).body).toEqual({ trusts: [] });
  expect((await list('?client=other')).body).toEqual({ trusts: [] });
  const revoke = (): request.Test =>
    request(gateway.api).delete(`/v1/trusts/${body.id}`).set('Authorization', admin);
  await revoke().expect(204);
  expect((await revoke().expect(404)).body.code).toBe('TRUST.NOT_FOUND');
  expect((await list()).body.trusts[0].revokedAt).toEqual(expect.any(String));
});

it.each([
  [{ issuer: 'http://ci.example' }, 422, 'issuer'],
  [{ issuer: 'http://127.0.0.1:8080' }, 422, 'issuer'],
  [{ issuer: 'https://user:secret@ci.example' }, 422, 'issuer'],
  [{ issuer: 'https://ci.example#x' }, 422, 'issuer'],
  [{ issuer: 'https://[' }, 422, 'issuer'],
  [{ issuer: 'file:///etc/passwd' }, 422, 'issuer'],
  [{ audience: '' }, 422, 'audience'],
  [{ claims: [] }, 422, 'claims'],
  [{ claims: [{ name: 'aud', value: 'x' }] }, 422, 'claims'],
  [{ claims: [{ name: 'sub' }] }, 422, 'claims'],
  [{ claims: [trust.claims[0], trust.claims[0]] }, 422, 'claims'],
  [{ role: 'approver' }, 422, 'role'],
  [{ role: 'admin' }, 422, 'role'],
  [{ client: '*' }, 422, 'client'],
  [{ client: 'nobody' }, 404, 'client'],
  [{ pods: [] }, 422, 'pods'],
])('are not made with %j: %i', async (rest, status, about) => {
  const answer = await make({ ...trust, ...rest });
  expect(answer.status).toBe(status);
  expect(answer.body.detail).toContain(about);
});
