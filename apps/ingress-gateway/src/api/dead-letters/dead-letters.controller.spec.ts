import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let operator: string;

beforeAll(async () => {
  gateway = await startGateway();
  operator = await gateway.key('*', 'operator');
});
afterAll(() => gateway.close());

it('shows dead letters and puts them back', async () => {
  const letter = (queue: string, body: string) => ({
    messageId: 'm',
    queue,
    code: 'MESSAGE.TRIES_EXHAUSTED',
    reason: 'gave up',
    tries: 5,
    diedAt: '2030-01-01T00:00:00.000Z',
    body: new TextEncoder().encode(body),
  });
  gateway.broker.dead.push(letter('podway.auth.a', '{}'), letter('podway.verifier.b', 'ä'.repeat(20_000)));

  const list = (query = ''): request.Test =>
    request(gateway.api).get(`/v1/dead-letters${query}`).set('Authorization', `Bearer ${operator}`);
  const all = await list().expect(200);
  expect(all.body.count).toBe(2);
  expect(all.body.deadLetters[0]).toMatchObject({ queue: 'podway.auth.a', body: '{}', tries: 5 });
  expect(all.body.deadLetters[1].body).toHaveLength(16_384);
  expect((await list('?queue=podway.auth.a').expect(200)).body.deadLetters).toHaveLength(1);
  await list('?queue=other').expect(422);

  const replay = (body?: object): request.Test =>
    request(gateway.api)
      .post('/v1/dead-letters/replay')
      .set('Authorization', `Bearer ${operator}`)
      .send(body);
  expect((await replay({ queue: 'podway.auth.a' }).expect(200)).body).toEqual({ replayed: 1 });
  expect((await replay().expect(200)).body).toEqual({ replayed: 1 });
  expect((await list()).body.count).toBe(0);
});
