import request from 'supertest';
import { ulid } from 'ulid';
import {
  Clients,
  Delegations,
  OidcTrusts,
  SigningKeys,
  Webhooks,
  type NewDelegation,
} from '@podway/persistence';
import { TestIssuer } from '@podway/testing/oidc';
import { signingPair } from '@podway/testing/signatures';
import { shopBundle } from './bundle.js';
import { appendChange, insertDeployment, insertRelease, numberEvents } from './deployments.js';
import { pod, startGateway, type TestGateway } from './gateway.js';
import { entriesOf, Uploader } from './uploads.js';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.js';

/** Whose credentials are good, one column each in the table of rights. The POD is `shop` of the client `acme`. */
export const known = [
  'viewer', // of acme
  'publisher', // of acme
  'approver', // of acme
  'otherPod', // a publisher of acme whose key is for the POD `blog` only
  'oidc', // a CI job: publisher of acme, for `shop` only
  'foreign', // a publisher of another client
  'looker', // a publisher of a third party that may view `shop`
  'helper', // a publisher of a third party that may publish to `shop`
  'formerHelper', // the same, whose delegation is over
  'operator', // of the hosting service
  'admin', // of the hosting service
] as const;
export type Known = (typeof known)[number];

/** Who is nobody: 401 wherever a key is needed. */
export const unknown = ['none', 'wrong', 'expired', 'revoked', 'disabled', 'expiredToken'] as const;
export type Who = Known | (typeof unknown)[number];

/** Things that paths name: `/v1/pods/:pod`. */
export type Things = Readonly<
  Record<
    | 'pod'
    | 'deployment'
    | 'awaiting'
    | 'signing'
    | 'upload'
    | 'difference'
    | 'update'
    | 'key'
    | 'client'
    | 'trust'
    | 'delegation'
    | 'webhook'
    | 'delivery',
    string
  >
>;

/** What is nowhere. */
export const missing: Things = {
  pod: 'nowhere',
  deployment: '01JX4E7Q2M8V3K5N6P9R0S1T2W',
  awaiting: '01JX4E7Q2M8V3K5N6P9R0S1T2V',
  update: '01JX4E7Q2M8V3K5N6P9R0S1T2X',
  signing: '0'.repeat(64),
  upload: '01JX4E7Q2M8V3K5N6P9R0S1T2T',
  difference: '01JX4E7Q2M8V3K5N6P9R0S1T2S',
  key: '000000000000',
  client: 'nobody',
  trust: '01JX4E7Q2M8V3K5N6P9R0S1T2Y',
  delegation: '01JX4E7Q2M8V3K5N6P9R0S1T2Z',
  webhook: '01JX4E7Q2M8V3K5N6P9R0S1T30',
  delivery: '01JX4E7Q2M8V3K5N6P9R0S1T31',
};

export interface RightsScene {
  readonly gateway: TestGateway;
  /** What goes into `Authorization: Bearer`; undefined for `none`. */
  readonly credentials: Readonly<Record<Who, string | undefined>>;
  /** What is there. What a test may take away is new at each call, and made only where the path names it. */
  things(path: string): Promise<Things>;
  close(): Promise<void>;
}

export async function startRightsScene(): Promise<RightsScene> {
  const gateway = await startGateway({
    PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true',
    PODWAY_QUOTA_OPEN_UPLOADS: '10000',
    PODWAY_WEBHOOKS_PRIVATE: 'true',
    PODWAY_WEBHOOKS_PER_CLIENT: '10000',
    PODWAY_QUOTA_REQUESTS_PER_MINUTE: '100000',
    PODWAY_DIAGNOSIS_TIMEOUT_MS: '50',
    PODWAY_DIFF_TIMEOUT_MS: '50',
  });
  await gateway.apply([pod('shop', 'acme'), pod('blog', 'acme')]);
  const issuer = await TestIssuer.start();
  const receiver = await startWebhookReceiver();
  const credentials = await makeCredentials(gateway, issuer);
  await insertRelease(gateway.dataSource);
  const deployment = (await insertDeployment(gateway.dataSource, { state: 'Installing' })).id;
  const awaiting = (await insertDeployment(gateway.dataSource, { state: 'AwaitingApproval' })).id;
  const of = { id: deployment, updateId: ulid(), client: 'acme', pod: 'shop' };
  await appendChange(gateway.dataSource, of, { to: 'Installing', cause: 'SnapshotTaken' });
  await numberEvents(gateway.dataSource);
  const published = await request(gateway.api)
    .post('/v1/updates?pod=shop')
    .set('Authorization', `Bearer ${credentials.publisher}`)
    .type('application/gzip')
    .send(await shopBundle());
  return {
    gateway,
    credentials,
    async things(path) {
      const client = `spare-${ulid().toLowerCase()}`;
      await new Clients(gateway.dataSource).create(client);
      const made: Things = {
        ...missing,
        pod: 'shop',
        deployment,
        awaiting,
        update: published.body.id,
        client,
      };
      const makers = makersOf(gateway, credentials.publisher ?? '', client, receiver);
      const wanted = Object.entries(makers).filter(([thing]) => path.includes(`:${thing}`));
      return Object.assign(made, ...(await Promise.all(wanted.map(([, make]) => make()))));
    },
    async close() {
      await issuer.stop();
      await gateway.close();
      await receiver.close();
    },
  };
}

/** Makes the things that a test may take away. */
function makersOf(
  gateway: TestGateway,
  publisher: string,
  client: string,
  receiver: WebhookReceiver,
): Record<string, () => Promise<Partial<Things>>> {
  const uploader = new Uploader(gateway, publisher);
  const signing = { client: 'acme', publicKey: signingPair('acme').known.publicKey };
  return {
    upload: async () => {
      const { location } = (await uploader.create(10).expect(201)).headers;
      return { upload: location?.replace(/.*\//, '') ?? '' };
    },
    difference: async () => {
      const { body } = await uploader.differences(entriesOf({ content: 'content' })).expect(201);
      return { difference: body.id };
    },
    key: async () => ({ key: (await gateway.key('acme', 'viewer')).slice(3, 15) }),
    signing: async () => ({ signing: (await new SigningKeys(gateway.dataSource).add(signing)).id }),
    trust: async () => ({ trust: (await trustShop(gateway, 'https://ci.example')).id }),
    delegation: async () => ({ delegation: (await delegateShop(gateway, client)).id }),
    webhook: () => deliveredTo(gateway, receiver),
  };
}

async function makeCredentials(
  gateway: TestGateway,
  issuer: TestIssuer,
): Promise<Record<Who, string | undefined>> {
  const { dataSource } = gateway;
  await trustShop(gateway, issuer.url);
  const claims = { aud: 'podway', sub: 'shop' };
  const made = {
    viewer: await gateway.key('acme', 'viewer'),
    publisher: await gateway.key('acme', 'publisher'),
    approver: await gateway.key('acme', 'approver'),
    otherPod: await gateway.key('acme', 'publisher', { pods: ['blog'] }),
    // As long as tokens may live: on a busy machine the table takes its time.
    oidc: await issuer.token(claims, { endsIn: 3_500 }),
    foreign: await gateway.key('rival', 'publisher'),
    looker: await gateway.key('looker', 'publisher'),
    helper: await gateway.key('helper', 'publisher'),
    formerHelper: await gateway.key('former-helper', 'publisher'),
    operator: await gateway.key('*', 'operator'),
    admin: await gateway.key('*', 'admin'),
    none: undefined,
    wrong: `pw_aaaaaaaaaaaa_${'A'.repeat(43)}`,
    expired: await gateway.key('acme', 'publisher', { expiresAt: new Date(Date.now() - 1) }),
    revoked: await gateway.key('acme', 'publisher'),
    disabled: await gateway.key('disabled', 'publisher'),
    expiredToken: await issuer.token(claims, { issuedIn: -120, endsIn: -60 }),
  };
  await delegateShop(gateway, 'looker', { rights: ['view'] });
  await delegateShop(gateway, 'helper');
  await delegateShop(gateway, 'former-helper', { from: new Date(0), until: new Date(Date.now() - 1) });
  await dataSource.query('update auth.api_keys set revoked_at = now() where id = $1', [
    made.revoked.slice(3, 15),
  ]);
  await new Clients(dataSource).change('disabled', { disabled: true });
  return made;
}

/** Lets all publishers of `toClient` publish to the POD `shop`. */
export function delegateShop(
  gateway: TestGateway,
  toClient: string,
  rest: Partial<NewDelegation> = {},
): ReturnType<Delegations['create']> {
  return new Delegations(gateway.dataSource).create({
    ...{ client: 'acme', pods: ['shop'], to: { client: toClient }, rights: ['publish'] },
    ...{ from: new Date(), until: new Date(Date.now() + 3_600_000) },
    ...rest,
  });
}

/** A webhook of acme, and an event of the log that came to it. It is paused: nothing more comes by itself. */
async function deliveredTo(
  { dataSource }: TestGateway,
  { url }: WebhookReceiver,
): Promise<Pick<Things, 'webhook' | 'delivery'>> {
  const webhooks = new Webhooks(dataSource);
  const secret = `whsec_${Buffer.alloc(32).toString('base64')}`;
  const made = { client: 'acme', url, secret, sequence: 1, createdBy: 'test' };
  const webhook = await webhooks.create(made, Infinity);
  await webhooks.change(webhook.id, { state: 'paused' });
  const tried = { eventId: ulid(), type: 'x', sequence: 1, delivered: false, durationMs: 1 };
  return { webhook: webhook.id, delivery: (await webhooks.tried(webhook, tried)).id };
}

function trustShop(gateway: TestGateway, issuer: string): ReturnType<OidcTrusts['create']> {
  return new OidcTrusts(gateway.dataSource).create({
    ...{ issuer, audience: 'podway', client: 'acme', role: 'publisher', pods: ['shop'] },
    claims: [{ name: 'sub', value: 'shop' }],
  });
}
