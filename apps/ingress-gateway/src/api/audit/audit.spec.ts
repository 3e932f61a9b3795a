import request from 'supertest';
import { ulid } from 'ulid';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord, DiagnosePod } from '@podway/contracts';
import {
  AuditLog,
  Clients,
  Comparisons,
  Delegations,
  OidcTrusts,
  PodPauses,
  SigningKeys,
  type NewDelegation,
  Webhooks,
} from '@podway/persistence';
import { signingPair } from '@podway/testing/signatures';
import { shopBundle } from '../../../test/bundle.js';
import { appendChange, insertDeployment, insertRelease, numberEvents } from '../../../test/deployments.js';
import { entriesOf, shopFiles, Uploader } from '../../../test/uploads.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { apiEndpoints } from '../endpoints.js';
import { changes } from './audit.interceptor.js';

let gateway: TestGateway;
let publisher: string;
let viewer: string;
let admin: string;
let operator: string;
let log: AuditLog;

beforeAll(async () => {
  gateway = await startGateway({
    PODWAY_AUDIT_REFUSALS_PER_MINUTE: '5',
    PODWAY_DIFF_TIMEOUT_MS: '50',
  });
  await gateway.apply([pod('shop', 'acme')]);
  publisher = await gateway.key('acme', 'publisher');
  viewer = await gateway.key('acme', 'viewer');
  admin = await gateway.key('*', 'admin');
  operator = await gateway.key('*', 'operator');
  log = new AuditLog(gateway.dataSource);
});
afterAll(() => gateway.close());

const idOf = (key: string): string => key.slice(3, 15);
const newest = async (): Promise<AuditRecord | undefined> => (await log.list({ limit: 1 }))[0];
type Method = 'get' | 'post' | 'put' | 'delete';
const call = (method: Method, path: string, key: string): request.Test =>
  request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);
const publish = async (content: string | Buffer, key = publisher): Promise<request.Response> =>
  call('post', '/v1/updates?pod=shop', key)
    .set('Content-Type', 'application/gzip')
    .send(typeof content === 'string' ? await shopBundle(content) : content);

const trust = {
  ...{ issuer: 'https://ci.example.org', audience: 'podway', role: 'publisher' as const },
  claims: [{ name: 'sub', value: 'acme/shop' }],
};
const delegation = async (): Promise<NewDelegation> => {
  await new Clients(gateway.dataSource).create('agency');
  const [from, until] = [new Date(), new Date(Date.now() + 3_600_000)];
  return { client: 'acme', pods: ['shop'], to: { client: 'agency' }, rights: ['publish'], from, until };
};

const uploader = (): Uploader => new Uploader(gateway, publisher);
/** Path of an upload of ten bytes that has none yet. */
async function startedUpload(): Promise<string> {
  const before = (await newest())?.seq ?? 0;
  const { headers } = await uploader().create(10).expect(201);
  await expect.poll(async () => (await newest())?.seq ?? 0).toBeGreaterThan(before);
  return new URL(headers.location ?? '', gateway.api).pathname;
}

const asPublisher = (test: request.Test): request.Test => test.set('Authorization', `Bearer ${publisher}`);

/** A webhook that nothing is sent to by itself, and an event of the log that was. */
async function webhook(): Promise<{ path: string; delivery: string; record: Partial<AuditRecord> }> {
  const { dataSource } = gateway;
  const of = { id: ulid(), updateId: ulid(), client: 'acme', pod: 'shop' };
  await appendChange(dataSource, of, { to: 'Queued', cause: 'PodResolved' });
  await numberEvents(dataSource);
  const [{ last }] = await dataSource.query('select max(sequence)::int as last from coordinator.event_log');
  const webhooks = new Webhooks(dataSource);
  const made = { client: 'acme', url: 'http://127.0.0.1:9/', secret: `whsec_${btoa('x'.repeat(32))}` };
  const one = await webhooks.create({ ...made, sequence: last as number, createdBy: 'test' }, Infinity);
  const tried = { eventId: ulid(), type: 'x', sequence: last as number, delivered: false, durationMs: 1 };
  const delivery = (await webhooks.tried(one, tried)).id;
  const record = { actor: idOf(publisher), client: 'acme', subject: `webhook/${one.id}` };
  return { path: `/v1/webhooks/${one.id}`, delivery, record };
}

/** One call of each endpoint that changes something, and what must be in its record. */
const trials: Record<
  string,
  () => Promise<[request.Test | Promise<request.Response>, Partial<AuditRecord>]>
> = {
  publishUpdate: async () => [
    publish(ulid()),
    {
      ...{ actor: idOf(publisher), client: 'acme', subject: 'pod/shop' },
      detail: expect.objectContaining({ updateId: expect.any(String), source: expect.anything() }),
    },
  ],
  abortDeployment: async () => {
    const { id } = await insertDeployment(gateway.dataSource, { state: 'Queued' });
    const record = { actor: idOf(publisher), client: 'acme', subject: `deployment/${id}` };
    return [call('post', `/v1/deployments/${id}/abort`, publisher), record];
  },
  retryDeployment: async () => {
    const { id } = await insertDeployment(gateway.dataSource, { state: 'RollbackFailed' });
    return [
      call('post', `/v1/deployments/${id}/retry`, admin),
      { client: 'acme', subject: `deployment/${id}` },
    ];
  },
  ...Object.fromEntries(
    (['approve', 'refuse'] as const).map((verb) => [
      `${verb}Deployment`,
      async () => {
        const { id } = await insertDeployment(gateway.dataSource, { state: 'AwaitingApproval' });
        const record = { actor: idOf(operator), client: 'acme', subject: `deployment/${id}` };
        return [call('post', `/v1/deployments/${id}/${verb}`, operator), record];
      },
    ]),
  ),
  pausePod: async () => [
    call('post', '/v1/pods/shop/pause', publisher),
    { actor: idOf(publisher), client: 'acme', subject: 'pod/shop' },
  ],
  resumePod: async () => {
    await new PodPauses(gateway.dataSource).pause('shop', 'abcdefghijkl');
    const record = { actor: idOf(admin), client: 'acme', subject: 'pod/shop' };
    return [call('post', '/v1/pods/shop/resume', admin), record];
  },
  markReleaseBad: async () => {
    await insertRelease(gateway.dataSource, { number: 1 });
    return [
      call('post', '/v1/pods/shop/releases/1/bad', publisher).send({ reason: 'it leaks' }),
      {
        ...{ actor: idOf(publisher), client: 'acme', subject: 'pod/shop' },
        detail: { release: 1, reason: 'it leaks' },
      },
    ];
  },
  unmarkRelease: async () => {
    await insertRelease(gateway.dataSource, { number: 1 });
    const record = { actor: idOf(operator), client: 'acme', subject: 'pod/shop', detail: { release: 1 } };
    return [call('delete', '/v1/pods/shop/releases/1/bad', operator), record];
  },
  checkDrift: async () => {
    await insertRelease(gateway.dataSource, { number: 1 });
    return [
      call('post', '/v1/pods/shop/drift', publisher).send({ deep: true }),
      { actor: idOf(publisher), client: 'acme', subject: 'pod/shop', detail: { deep: true } },
    ];
  },
  diagnosePod: async () => {
    const answered = call('post', '/v1/pods/shop/diagnosis', publisher).then((response) => response);
    const asked = (): string | undefined => {
      const { envelope } = gateway.broker.published.at(-1) ?? {};
      return envelope?.type === 'io.podway.pod.diagnose.v1'
        ? (envelope.data as DiagnosePod).lookId
        : undefined;
    };
    await expect.poll(asked).toBeDefined();
    const answer = { pod: 'shop', fit: true, servers: [], findings: [] };
    await new Comparisons(gateway.dataSource).answer(asked() ?? '', { answer });
    return [answered, { actor: idOf(publisher), client: 'acme', subject: '/v1/pods/shop/diagnosis' }];
  },
  planUpdate: async () => [
    call('post', '/v1/plans', publisher).send({
      pod: 'shop',
      manifest: {
        ...{ apiVersion: 'podway/v1', name: 'shop', version: '1' },
        components: [{ name: 'site', installer: 'archive' }],
      },
      entries: entriesOf({ 'index.html': 'x' }),
    }),
    { actor: idOf(publisher), client: 'acme', subject: '/v1/plans' },
  ],
  applyPods: async () => [
    call('put', '/v1/pods', admin).send({
      apiVersion: 'podway/v1',
      pods: [pod('shop', 'acme'), pod(`p${Date.now()}`, 'acme')],
    }),
    {
      ...{ client: '*', subject: 'inventory' },
      detail: {
        ...{ prune: false, unchanged: 1, changed: { count: 0, pods: [] }, removed: { count: 0, pods: [] } },
        added: { count: 1, pods: [expect.stringMatching(/^p\d+@1$/)] },
      },
    },
  ],
  createKey: async () => [
    call('post', '/v1/keys', admin).send({ client: 'acme', role: 'viewer' }),
    { client: 'acme', subject: expect.stringMatching(/^key\//) as string, detail: { role: 'viewer' } },
  ],
  revokeKey: async () => {
    const id = idOf(await gateway.key('acme', 'viewer'));
    return [call('delete', `/v1/keys/${id}`, admin), { client: 'acme', subject: `key/${id}` }];
  },
  createClient: async () => [
    call('post', '/v1/clients', admin).send({ name: 'newcomer' }),
    { actor: idOf(admin), client: 'newcomer', subject: 'client/newcomer' },
  ],
  changeClient: async () => {
    await new Clients(gateway.dataSource).create('leaver');
    return [
      call('put', '/v1/clients/leaver', admin).send({ disabled: true }),
      { client: 'leaver', subject: 'client/leaver', detail: { disabled: true } },
    ];
  },
  createTrust: async () => [
    call('post', '/v1/trusts', admin).send({ ...trust, client: 'acme' }),
    {
      ...{ actor: idOf(admin), client: 'acme', subject: expect.stringMatching(/^trust\//) as string },
      detail: trust,
    },
  ],
  revokeTrust: async () => {
    const { id } = await new OidcTrusts(gateway.dataSource).create({ ...trust, client: 'acme' });
    return [call('delete', `/v1/trusts/${id}`, admin), { client: 'acme', subject: `trust/${id}` }];
  },
  createDelegation: async () => {
    const { rights, until } = await delegation();
    const body = { client: 'acme', pods: ['shop'], toClient: 'agency', rights, until };
    return [
      call('post', '/v1/delegations', admin).send(body),
      {
        ...{ client: 'acme', subject: expect.stringMatching(/^delegation\//) as string },
        detail: {
          ...{ toClient: 'agency', toKey: null, pods: ['shop'], rights: ['view', 'publish'] },
          ...{ from: expect.any(String), until: until.toISOString() },
        },
      },
    ];
  },
  revokeDelegation: async () => {
    const { id } = await new Delegations(gateway.dataSource).create(await delegation());
    return [call('delete', `/v1/delegations/${id}`, admin), { client: 'acme', subject: `delegation/${id}` }];
  },
  createWebhook: async () => [
    call('post', '/v1/webhooks', publisher).send({ url: 'https://hooks.example/' }),
    {
      ...{ actor: idOf(publisher), client: 'acme', subject: expect.stringMatching(/^webhook\//) },
      detail: expect.objectContaining({ url: 'https://hooks.example/' }),
    },
  ],
  changeWebhook: async () => {
    const { path, record } = await webhook();
    return [asPublisher(request(gateway.api).patch(path)).send({ state: 'paused' }), record];
  },
  rotateWebhookSecret: async () => {
    const { path, record } = await webhook();
    return [call('post', `${path}/secret`, publisher), record];
  },
  removeWebhook: async () => {
    const { path, record } = await webhook();
    return [call('delete', path, publisher), record];
  },
  testWebhook: async () => {
    const { path } = await webhook();
    return [call('post', `${path}/test`, publisher), { actor: idOf(publisher), client: 'acme' }];
  },
  redeliverWebhook: async () => {
    const { path, delivery } = await webhook();
    return [
      call('post', `${path}/deliveries/${delivery}/redeliver`, publisher),
      { actor: idOf(publisher), client: 'acme' },
    ];
  },
  createSigningKey: async () => {
    const { id, publicKey } = signingPair('acme').known;
    const body = { client: 'acme', publicKey };
    return [
      call('post', '/v1/signing-keys', admin).send(body),
      { client: 'acme', subject: `signing-key/${id}` },
    ];
  },
  revokeSigningKey: async () => {
    const { publicKey } = signingPair('acme').known;
    const { id } = await new SigningKeys(gateway.dataSource).add({ client: 'acme', publicKey });
    return [
      call('delete', `/v1/signing-keys/${id}`, admin),
      { client: 'acme', subject: `signing-key/${id}` },
    ];
  },
  createUpload: async () => [
    uploader().create(10),
    { actor: idOf(publisher), client: 'acme', subject: '/v1/uploads' },
  ],
  continueUpload: async () => {
    const location = await startedUpload();
    return [
      uploader().patch(location, 0, Buffer.from('12345')),
      { actor: idOf(publisher), subject: location },
    ];
  },
  endUpload: async () => {
    const location = await startedUpload();
    return [
      uploader().send('delete', location).set('Tus-Resumable', '1.0.0'),
      { actor: idOf(publisher), subject: location },
    ];
  },
  createDifference: async () => [
    uploader().differences(entriesOf({ content: ulid() })),
    { actor: idOf(publisher), client: 'acme', subject: '/v1/uploads/differences' },
  ],
  completeDifference: async () => {
    const content = ulid();
    const { body } = await uploader().differences(entriesOf(shopFiles({ 'index.html': content })));
    const files = Object.values(shopFiles({ 'index.html': content }));
    return [
      uploader().contents(body.id, files),
      { actor: idOf(publisher), client: 'acme', subject: `/v1/uploads/differences/${body.id}` },
    ];
  },
  collectArtifacts: async () => [
    call('post', '/v1/artifacts/collect', operator),
    { actor: idOf(operator), client: '*', subject: '/v1/artifacts/collect' },
  ],
  setQuota: async () => [
    call('put', '/v1/clients/acme/quota', admin).send({}),
    { actor: idOf(admin), subject: '/v1/clients/acme/quota' },
  ],
  changeClientVariables: async () => [
    call('put', '/v1/clients/acme/variables', admin).send({ set: { edition: 'of acme' }, unset: ['old'] }),
    {
      ...{ actor: idOf(admin), client: 'acme', subject: 'client/acme/variables' },
      detail: { set: ['edition'], unset: ['old'] },
    },
  ],
  replayDeadLetters: async () => [
    call('post', '/v1/dead-letters/replay', admin),
    { actor: idOf(admin), client: '*', subject: '/v1/dead-letters/replay' },
  ],
};

/** These need RabbitMQ: broker-users.controller.spec.ts. */
const elsewhere = new Set(['createBrokerUser', 'rotateBrokerUser', 'revokeBrokerUser']);

describe('every endpoint that changes something', () => {
  const changing = apiEndpoints()
    .filter(changes)
    .filter(({ operationId }) => !elsewhere.has(operationId));

  it('is tried here', () => {
    expect(Object.keys(trials).sort()).toEqual(changing.map(({ operationId }) => operationId).sort());
  });

  it.each(Object.entries(trials))('%s leaves one record', async (action, trial) => {
    const [pending, expected] = await trial();
    const before = (await newest())?.seq ?? 0;
    const answer = await pending;
    expect(answer.status).toBeLessThan(300);
    // An answer that is a stream is sent before its record is written.
    await expect
      .poll(() => log.list({ after: before }))
      .toEqual([expect.objectContaining({ action, outcome: 'accepted', ...expected })]);
  });

  it.each(changing.map(({ method, path, operationId }) => [operationId, method, path] as const))(
    '%s leaves a record when it is refused to who may not',
    async (action, method, path) => {
      const before = (await newest())?.seq ?? 0;
      const answer = await call(method as Method, path.replace(':id', 'nothing'), viewer);
      expect(answer.status).toBe(403);
      expect(await log.list({ after: before })).toMatchObject([
        {
          ...{ action, actor: idOf(viewer), client: 'acme', outcome: 'refused' },
          detail: { code: 'AUTH.NOT_ALLOWED', status: 403 },
        },
      ]);
    },
  );

  it('leaves none when it only reads', async () => {
    const before = await log.head();
    for (const path of [
      '/v1/pods',
      '/v1/pods/shop',
      '/v1/pods/nowhere',
      '/v1/deployments',
      '/v1/signing-keys',
    ])
      await call('get', path, publisher);
    expect(await log.head()).toEqual(before);
  });
});

describe('a publish', () => {
  it('that is refused is recorded with its code', async () => {
    await publish(Buffer.from('no bundle'));
    expect(await newest()).toMatchObject({
      ...{ action: 'publishUpdate', outcome: 'refused', actor: idOf(publisher), subject: '/v1/updates' },
      detail: { code: expect.stringMatching(/^BUNDLE\./) as string, status: 422 },
    });
  });

  it('that is repeated is recorded as such', async () => {
    const bundle = await shopBundle('again');
    const send = (): request.Test =>
      call('post', '/v1/updates?pod=shop', publisher)
        .set('Idempotency-Key', 'a-1')
        .set('Content-Type', 'application/gzip')
        .send(bundle);
    await send();
    expect(await newest()).toMatchObject({ outcome: 'accepted' });
    await send();
    expect(await newest()).toMatchObject({ action: 'publishUpdate', outcome: 'repeated' });
  });

  it('that breaks on the way is recorded as failed, and none of it as done', async () => {
    await gateway.dataSource.query('alter table ingress.outbox rename to hidden');
    const answer = await publish('broken');
    await gateway.dataSource.query('alter table ingress.hidden rename to outbox');
    expect(answer.status).toBe(500);
    expect(await newest()).toMatchObject({ action: 'publishUpdate', outcome: 'failed' });
    const { records } = (await call('get', '/v1/audit?action=publishUpdate', admin)).body as {
      records: AuditRecord[];
    };
    const [row] = await gateway.dataSource.query('select count(*)::int as n from ingress.updates');
    expect(records.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(row.n);
  });
});

describe('refusals', () => {
  // A new minute for each: what was counted is summed up when the API ends.
  beforeEach(() => gateway.restartApi());

  it('of wrong keys are recorded, a few one by one, the others as their number', async () => {
    const before = (await newest())?.seq ?? 0;
    const wrong = `pw_aaaaaaaaaaaa_${'A'.repeat(43)}`;
    for (let each = 0; each < 40; each += 1) await call('get', '/v1/pods', wrong).expect(401);
    expect(await log.list({ after: before })).toHaveLength(5);
    await gateway.restartApi();
    const records = await log.list({ after: before });
    expect(records).toHaveLength(6);
    expect(records[0]).toMatchObject({
      ...{ action: 'signIn', actor: '-', client: '-', outcome: 'refused', subject: '/v1/pods' },
      detail: { code: 'AUTH.INVALID_KEY', claimedKey: 'a'.repeat(12), address: expect.any(String) as string },
    });
    expect(records[5]).toMatchObject({ action: 'signIn', subject: 'many', detail: { times: 35 } });
    expect(JSON.stringify(records)).not.toContain('A'.repeat(43));
  });

  it('of known callers are bounded too', async () => {
    const before = (await newest())?.seq ?? 0;
    for (let each = 0; each < 30; each += 1)
      await call('post', '/v1/dead-letters/replay', viewer).expect(403);
    await gateway.restartApi();
    expect((await log.list({ after: before })).map(({ detail }) => detail.times)).toEqual([
      ...Array.from({ length: 5 }, () => undefined),
      25,
    ]);
  });

  it('without any key, and of paths that are not there, are not recorded', async () => {
    const before = await log.head();
    await request(gateway.api).get('/v1/pods').expect(401);
    await call('post', '/v1/nothing', publisher).expect(404);
    expect(await log.head()).toEqual(before);
  });
});

describe('the audit log', () => {
  it('is read in pages, by client and action', async () => {
    const list = async (query: string): Promise<AuditRecord[]> =>
      ((await call('get', `/v1/audit?${query}`, admin).expect(200)).body as { records: AuditRecord[] })
        .records;
    const all = await list('limit=1000');
    expect(all.length).toBeGreaterThan(10);
    expect(await list('limit=2')).toEqual(all.slice(0, 2));
    expect(await list(`limit=2&before=${all[1]?.seq}`)).toEqual(all.slice(2, 4));
    expect(await list('client=acme&limit=1000')).toEqual(all.filter(({ client }) => client === 'acme'));
    expect(await list('action=createKey')).toEqual(all.filter(({ action }) => action === 'createKey'));
    expect((await list('after=0&limit=1000')).toReversed()).toEqual(all);
  });

  it.each(['limit=0', 'limit=1001', 'before=x', 'client=A', 'action=a%20b'])('refuses %s', async (query) => {
    expect((await call('get', `/v1/audit?${query}`, admin).expect(422)).body.code).toBe('INPUT.INVALID');
  });

  it('is verified, and found broken where somebody was at it', async () => {
    const verify = async (query = ''): Promise<object> =>
      (await call('get', `/v1/audit/verification${query}`, admin).expect(200)).body as object;
    const { seq, hash } = await log.head();
    expect(await verify()).toEqual({ intact: true, records: seq, head: { seq, hash } });
    expect(await verify(`?head=${seq}:${hash}`)).toMatchObject({ intact: true });
    expect(await verify(`?head=${seq + 1}:${hash}`)).toMatchObject({ intact: false, brokenAt: seq + 1 });
    await call('get', '/v1/audit/verification?head=x', admin).expect(422);
    await gateway.dataSource.transaction(async (manager) => {
      await manager.query('set local session_replication_role = replica');
      await manager.query(`update auth.audit_log set actor = 'somebody' where seq = 4`);
    });
    expect(await verify()).toMatchObject({ intact: false, brokenAt: 4, records: 3 });
  });
});
