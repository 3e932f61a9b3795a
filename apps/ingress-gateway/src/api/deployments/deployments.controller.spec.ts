import request from 'supertest';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  deploymentStates,
  envelop,
  finishedStates,
  PodConfirmed,
  ReleaseReplicated,
  UpdateInstalled,
  VerificationFailed,
  type DeploymentState,
} from '@podway/contracts';
import { isTerminal } from '@podway/pipeline';
import { appendChange, appendEvent, insertDeployment } from '../../../test/deployments.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let operator: string;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.apply([pod('shop', 'acme'), pod('other', 'rival')]);
  publisher = await gateway.key('acme', 'publisher');
  operator = await gateway.key('*', 'operator');
});
afterAll(() => gateway.close());

function get(path: string, key = publisher): request.Test {
  return request(gateway.api).get(path).set('Authorization', `Bearer ${key}`);
}

it('knows the same finished states as the saga table', () => {
  expect(finishedStates).toEqual(deploymentStates.filter(isTerminal));
});

describe('the list', () => {
  it('shows the newest first, page by page, and only the caller’s own', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1)
      made.unshift((await insertDeployment(gateway.dataSource, { id: idOf(n) })).id);
    const foreign = await insertDeployment(gateway.dataSource, {
      id: idOf(9),
      client: 'rival',
      pod: 'other',
    });

    const first = await get('/v1/deployments?limit=3').expect(200);
    expect(ids(first)).toEqual(made.slice(0, 3));
    const second = await get(`/v1/deployments?limit=3&before=${made[2]}`).expect(200);
    expect(ids(second)).toEqual(made.slice(3));
    expect(ids(await get('/v1/deployments?pod=other'))).toEqual([]);
    expect(ids(await get('/v1/deployments', operator))).toEqual([foreign.id, ...made]);
  });

  it('is filtered by state', async () => {
    const { id } = await insertDeployment(gateway.dataSource, { id: ulid(), state: 'Succeeded' });
    expect(ids(await get('/v1/deployments?state=Succeeded').expect(200))).toEqual([id]);
  });

  it.each([
    'limit=0',
    'limit=501',
    'limit=x',
    'limit=1&limit=2',
    'state=Great',
    'before=1',
    'pod=A',
    'what=1',
  ])('refuses ?%s', async (query) => {
    const answer = await get(`/v1/deployments?${query}`).expect(422);
    expect(answer.body).toMatchObject({ code: 'INPUT.INVALID', problems: [expect.any(String)] });
  });
});

describe('one deployment', () => {
  it('tells stages with times, servers, evidence and why it failed', async () => {
    const failure = { code: 'PROBE.FAILED', detail: 'GET / was 500', step: 'Verifying', server: 's1' };
    const deployment = await insertDeployment(gateway.dataSource, {
      state: 'RolledBack',
      saga: {
        canary: 's1',
        replicas: ['s2'],
        servers: [{ name: 's1', result: 'restored', fingerprint: 'b'.repeat(64) }],
        failure,
        label: 'shop 2',
      },
    });
    const at = (second: number): Date => new Date(Date.UTC(2030, 0, 1, 0, 0, second));
    const { dataSource } = gateway;
    await appendChange(dataSource, deployment, { to: 'Verifying', cause: 'UpdateInstalled', time: at(0) });
    const evidence = [{ server: 's1', probe: 'http GET /', verdict: 'failed', detail: '500', durationMs: 3 }];
    const verified = Object.assign(new VerificationFailed(), {
      deploymentId: deployment.id,
      attempt: 1,
      ...failure,
      evidence,
    });
    await appendEvent(dataSource, envelop(verified, { source: 'verifier' }), deployment);
    await appendChange(dataSource, deployment, {
      from: 'Verifying',
      to: 'RollingBack',
      cause: 'VerificationFailed',
      detail: 'PROBE.FAILED: GET / was 500',
      time: at(4),
    });

    const { body } = await get(`/v1/deployments/${deployment.id}`).expect(200);
    expect(body).toMatchObject({
      id: deployment.id,
      state: 'RolledBack',
      label: 'shop 2',
      canary: 's1',
      failure,
      servers: [{ name: 's1', result: 'restored', canary: true }],
      evidence,
      stages: [
        {
          state: 'Verifying',
          startedAt: at(0).toISOString(),
          endedAt: at(4).toISOString(),
          durationMs: 4000,
          cause: 'UpdateInstalled',
        },
        { state: 'RollingBack', startedAt: at(4).toISOString(), cause: 'VerificationFailed' },
      ],
    });
    expect(body.stages[1].endedAt).toBeUndefined();
  });

  it('tells what was done to each server, not only that it was found in order afterwards', async () => {
    const confirmed = ['web10', 'web2', 'web1'].map((name) => ({
      name,
      result: 'unchanged' as const,
      fingerprint: 'b'.repeat(64),
    }));
    const deployment = await insertDeployment(gateway.dataSource, {
      state: 'Succeeded',
      saga: { canary: 'web2', servers: confirmed },
    });
    const tell = (payload: object): Promise<void> =>
      appendEvent(gateway.dataSource, envelop(payload, { source: 'test' }), deployment);
    const common = { deploymentId: deployment.id, attempt: 1 };
    const fingerprint = 'b'.repeat(64);
    await tell(
      Object.assign(new UpdateInstalled(), { ...common, step: 'Installing', treeId: ulid(), fingerprint }),
    );
    const switched = [
      { name: 'web1', result: 'switched' },
      { name: 'web10', result: 'quarantined', code: 'HOST.UNREACHABLE' },
    ];
    await tell(
      Object.assign(new ReleaseReplicated(), {
        ...common,
        step: 'Replicating',
        servers: switched,
        bytesSent: 1,
      }),
    );
    await tell(
      Object.assign(new PodConfirmed(), { ...common, step: 'Confirming', servers: confirmed, evidence: [] }),
    );
    const { body } = await get(`/v1/deployments/${deployment.id}`).expect(200);
    expect(body.servers).toMatchObject([
      { name: 'web2', result: 'switched', canary: true, fingerprint },
      { name: 'web1', result: 'switched', canary: false, fingerprint },
      { name: 'web10', result: 'quarantined', canary: false },
    ]);
  });

  it('is missing for others as if it were not there', async () => {
    const foreign = await insertDeployment(gateway.dataSource, { client: 'rival', pod: 'other' });
    const absent = ulid();
    const [seen, missing] = await Promise.all([
      get(`/v1/deployments/${foreign.id}`).expect(404),
      get(`/v1/deployments/${absent}`).expect(404),
    ]);
    expect(JSON.stringify(seen.body).replaceAll(foreign.id, absent)).toBe(JSON.stringify(missing.body));
    await get('/v1/deployments/..%2f..%2fetc').expect(404);
    await get(`/v1/deployments/${foreign.id}`, operator).expect(200);
  });
});

describe('abort', () => {
  function abort(id: string, body?: object, key = publisher): request.Test {
    return request(gateway.api)
      .post(`/v1/deployments/${id}/abort`)
      .set('Authorization', `Bearer ${key}`)
      .send(body);
  }
  const requested = (id: string): object[] =>
    gateway.broker.published.map(({ envelope }) => envelope).filter((one) => one.deploymentid === id);

  it('asks the coordinator to stop', async () => {
    const { id } = await insertDeployment(gateway.dataSource, { state: 'Installing' });
    const answer = await abort(id, { reason: 'wrong version' }).expect(202);
    expect(answer.body).toMatchObject({ id, state: 'Installing' });
    await expect
      .poll(() => requested(id))
      .toMatchObject([
        {
          type: 'io.podway.abort.requested.v1',
          data: { deploymentId: id, reason: 'wrong version', by: publisher.slice(3, 15) },
        },
      ]);
  });

  it('needs no reason', async () => {
    const { id } = await insertDeployment(gateway.dataSource, { state: 'Queued' });
    await abort(id).expect(202);
    await expect.poll(() => requested(id)).toHaveLength(1);
  });

  it.each(finishedStates)('is too late in %s', async (state) => {
    const { id } = await insertDeployment(gateway.dataSource, { state });
    const answer = await abort(id).expect(409);
    expect(answer.body.code).toBe('DEPLOYMENT.FINISHED');
    expect(requested(id)).toEqual([]);
  });

  it.each<[DeploymentState, string]>([
    ['RollingBack', 'what it changed is being restored'],
    ['ConfirmingRollback', 'what it changed is being restored'],
    ['AwaitingPods', 'it has done its part, and the other PODs of its update say how it ends'],
  ])('would change nothing in %s, and says so', async (state, why) => {
    const { id } = await insertDeployment(gateway.dataSource, { state });
    const answer = await abort(id).expect(409);
    expect(answer.body).toMatchObject({
      code: 'DEPLOYMENT.NOTHING_TO_ABORT',
      detail: `Deployment ${id} is ${state}: ${why}`,
    });
    expect(requested(id)).toEqual([]);
  });

  it('is not for other clients', async () => {
    const { id } = await insertDeployment(gateway.dataSource, {
      client: 'rival',
      pod: 'other',
      state: 'Installing',
    });
    await abort(id).expect(404);
    expect(requested(id)).toEqual([]);
  });
});

describe('retry', () => {
  it('asks the coordinator to take up a failed roll-back, and nothing else', async () => {
    const admin = await gateway.key('*', 'operator');
    const retry = (id: string): request.Test =>
      request(gateway.api).post(`/v1/deployments/${id}/retry`).set('Authorization', `Bearer ${admin}`);
    const failed = await insertDeployment(gateway.dataSource, { state: 'RollbackFailed' });
    await retry(failed.id).expect(202);
    const sent = (): string[] =>
      gateway.broker.published
        .map(({ envelope }) => envelope)
        .filter((one) => one.deploymentid === failed.id)
        .map((one) => one.type);
    await expect.poll(sent).toEqual(['io.podway.retry.requested.v1']);
    await retry(failed.id).send({ acceptLoss: true }).expect(202);
    const accepted = () =>
      gateway.broker.published
        .filter(({ envelope }) => envelope.deploymentid === failed.id)
        .map(({ envelope }) => (envelope.data as { acceptLoss?: boolean }).acceptLoss);
    await expect.poll(accepted).toEqual([undefined, true]);
    await retry(failed.id).send({ acceptLoss: 'yes' }).expect(422);
    const fine = await insertDeployment(gateway.dataSource, { state: 'RolledBack' });
    const answer = await retry(fine.id).expect(409);
    expect(answer.body.code).toBe('DEPLOYMENT.NOTHING_TO_RETRY');
  });
});

function idOf(n: number): string {
  return `01HZZZZZZZZZZZZZZZZZZZZZZ${n}`;
}

function ids(answer: request.Response): string[] {
  return (answer.body as { deployments: { id: string }[] }).deployments.map((one) => one.id);
}
