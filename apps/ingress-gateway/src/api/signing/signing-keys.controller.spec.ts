import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SigningKeys } from '@podway/persistence';
import { signingPair, unfitPublicKeys } from '@podway/testing/signatures';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let rival: string;
let admin: string;

beforeAll(async () => {
  gateway = await startGateway();
  publisher = await gateway.key('acme', 'publisher');
  rival = await gateway.key('rival', 'publisher');
  admin = await gateway.key('*', 'admin');
  for (const client of ['acme', 'rival', 'acme']) {
    const { publicKey } = signingPair(client).known;
    await new SigningKeys(gateway.dataSource).add({ client, publicKey });
  }
});
afterAll(() => gateway.close());

const call = (method: 'get' | 'post', path: string, key = admin): request.Test =>
  request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);

describe('signing keys', () => {
  it('are listed for their client alone', async () => {
    const clients = async (key: string): Promise<string[]> => {
      const { body } = await call('get', '/v1/signing-keys', key).expect(200);
      return [...new Set<string>(body.signingKeys.map((one: { client: string }) => one.client))].sort();
    };
    expect(await clients(publisher)).toEqual(['acme']);
    expect(await clients(rival)).toEqual(['rival']);
    expect(await clients(admin)).toEqual(['acme', 'rival']);
  });

  it.each(unfitPublicKeys())('are not made of %s', async (_, publicKey) => {
    const answer = await call('post', '/v1/signing-keys').send({ client: 'acme', publicKey }).expect(422);
    expect(answer.body.code).toBe('SIGNATURE.KEY_UNFIT');
  });
});
