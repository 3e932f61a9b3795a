// Every endpoint x every kind of identity. To add an endpoint: one row in `rows`.
//
//   operationId: ['/v1/path/:thing?query', 'a status for each identity, in the order of `known`', body]
//
// A name in the path that begins with a colon is one of `Things` (test/rights-scene.ts): what is there for the row itself,
// and what is nowhere to prove that both look the same to whoever gets 404. The body is left out, or a function that makes
// it: bytes are sent as a bundle, all else as JSON. An operation may have more rows: `operationId (what differs)`.
// Who has no credential in force (`unknown`) gets 401 everywhere but at public endpoints, without a row saying so.
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signingPair } from '@podway/testing/signatures';
import { bundleOf, shopBundle } from '../../test/bundle.js';
import { pod } from '../../test/gateway.js';
import {
  known,
  missing,
  startRightsScene,
  unknown,
  type Known,
  type RightsScene,
  type Things,
  type Who,
} from '../../test/rights-scene.js';
import { sha256, tusMetadata } from '../../test/uploads.js';
import { apiEndpoints } from './endpoints.js';

type Row = readonly [
  path: string,
  statuses: string,
  body?: (things: Things) => Promise<object> | object,
  headers?: (things: Things) => Record<string, string>,
];

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();
const bundle = (): Promise<object> => shopBundle(ulid());
const inventory = (): object => ({
  apiVersion: 'podway/v1',
  pods: [pod('shop', 'acme'), pod('blog', 'acme')],
});
const trust = (): object => ({
  ...{ issuer: 'https://ci.example', audience: 'podway', client: 'acme', role: 'viewer' },
  claims: [{ name: 'sub', value: 'x' }],
});
const delegation = ({ client }: Things): object => ({
  ...{ client: 'acme', pods: ['shop'], toClient: client, rights: ['view'], until: inAnHour() },
});

const all = known.map(() => '200').join(' ');
const tus = () => ({ 'tus-resumable': '1.0.0' });
const startsUpload = ({ pod }: Things) => ({
  ...{ ...tus(), 'upload-length': '10' },
  'upload-metadata': tusMetadata({ pod }),
});
const part = () => ({
  ...{ ...tus(), 'upload-offset': '0' },
  'content-type': 'application/offset+octet-stream',
});
const difference = ({ pod }: Things): object => ({ pod, entries: [{ path: 'x', kind: 'directory' }] });

const plan = ({ pod }: Things): object => ({
  pod,
  manifest: {
    apiVersion: 'podway/v1',
    name: 'shop',
    version: '1',
    components: [{ name: 'x', installer: 'archive' }],
  },
  entries: [{ path: 'x', kind: 'directory' }],
});

// prettier-ignore
const rows: Record<string, Row> = {
  //                                                       viewer  approver  oidc   looker  formerHelper  admin
  //                                                       |   publisher otherPod foreign  helper  operator
  publishUpdate:    ['/v1/updates?pod=:pod',              '403 202 403 404 202 404 403 202 404 202 202', bundle],
  // The POD has no earlier release: whoever may go back is told so.
  'publishUpdate (going back)':
                    ['/v1/updates',                       '403 409 403 404 409 404 403 409 404 409 409', ({ pod }) => ({ pod })],
  getUpdate:        ['/v1/updates/:update',               '200 200 200 404 200 404 200 200 404 200 200'],
  listDeployments:  ['/v1/deployments',                    all],
  getDeployment:    ['/v1/deployments/:deployment',       '200 200 200 404 200 404 200 200 404 200 200'],
  abortDeployment:  ['/v1/deployments/:deployment/abort', '403 202 403 404 202 404 403 202 404 202 202'],
  // Not in RollbackFailed: whoever may ask is told so.
  retryDeployment:  ['/v1/deployments/:deployment/retry', '403 403 403 403 403 403 403 403 403 409 409'],
  approveDeployment:['/v1/deployments/:awaiting/approve', '403 403 202 403 403 403 403 403 403 202 202'],
  refuseDeployment: ['/v1/deployments/:awaiting/refuse',  '403 403 202 403 403 403 403 403 403 202 202'],
  listLogs:         ['/v1/deployments/:deployment/logs',  '200 200 200 404 200 404 200 200 404 200 200'],
  streamLogs:       ['/v1/deployments/:deployment/logs/stream', '200 200 200 404 200 404 200 200 404 200 200'],
  getCaller:        ['/v1/caller',                         all],
  getFleet:         ['/v1/fleet',                          all],
  listPods:         ['/v1/pods',                           all],
  applyPods:        ['/v1/pods',                          '403 403 403 403 403 403 403 403 403 403 200', inventory],
  getPod:           ['/v1/pods/:pod',                     '200 200 200 404 200 404 200 200 404 200 200'],
  listReleases:     ['/v1/pods/:pod/releases',            '200 200 200 404 200 404 200 200 404 200 200'],
  getRelease:       ['/v1/pods/:pod/releases/1',          '200 200 200 404 200 404 200 200 404 200 200'],
  markReleaseBad:   ['/v1/pods/:pod/releases/1/bad',      '403 200 403 404 200 404 403 200 404 200 200', () => ({ reason: 'it was' })],
  unmarkRelease:    ['/v1/pods/:pod/releases/1/bad',      '403 200 403 404 200 404 403 200 404 200 200'],
  diffReleases:     ['/v1/pods/:pod/diff?from=1&to=1',    '200 200 200 404 200 404 200 200 404 200 200'],
  getDrift:         ['/v1/pods/:pod/drift',               '200 200 200 404 200 404 200 200 404 200 200'],
  checkDrift:       ['/v1/pods/:pod/drift',               '403 202 403 404 202 404 403 202 404 202 202'],
  // No verifier is in this scene: whoever may ask is told so.
  diagnosePod:      ['/v1/pods/:pod/diagnosis',           '403 503 403 404 503 404 403 503 404 503 503'],
  planUpdate:       ['/v1/plans',                         '403 200 403 404 200 404 403 200 404 200 200', plan],
  pausePod:         ['/v1/pods/:pod/pause',               '403 200 403 404 200 404 403 200 404 200 200'],
  resumePod:        ['/v1/pods/:pod/resume',              '403 200 403 404 200 404 403 200 404 200 200'],
  listResources:    ['/v1/resources',                      all],
  streamEvents:     ['/v1/events',                         all],
  createWebhook:    ['/v1/webhooks',                      '403 201 403 403 403 201 201 201 201 422 422', () => ({ url: 'http://127.0.0.1:9/' })],
  'createWebhook (of a client that is named)':
                    ['/v1/webhooks',                      '403 201 403 403 403 404 404 404 404 201 201', () => ({ url: 'http://127.0.0.1:9/', client: 'acme' })],
  listWebhooks:     ['/v1/webhooks',                       all],
  getWebhook:       ['/v1/webhooks/:webhook',             '200 200 200 404 404 404 404 404 404 200 200'],
  changeWebhook:    ['/v1/webhooks/:webhook',             '403 200 403 404 404 404 404 404 404 200 200', () => ({ note: 'x' })],
  rotateWebhookSecret:
                    ['/v1/webhooks/:webhook/secret',      '403 200 403 404 404 404 404 404 404 200 200'],
  removeWebhook:    ['/v1/webhooks/:webhook',             '403 204 403 404 404 404 404 404 404 204 204'],
  testWebhook:      ['/v1/webhooks/:webhook/test',        '403 200 403 404 404 404 404 404 404 200 200'],
  listWebhookDeliveries:
                    ['/v1/webhooks/:webhook/deliveries',  '200 200 200 404 404 404 404 404 404 200 200'],
  redeliverWebhook: ['/v1/webhooks/:webhook/deliveries/:delivery/redeliver', '403 200 403 404 404 404 404 404 404 200 200'],
  createKey:        ['/v1/keys',                          '403 403 403 403 403 403 403 403 403 403 201', () => ({ client: 'acme', role: 'viewer' })],
  listKeys:         ['/v1/keys',                          '403 403 403 403 403 403 403 403 403 403 200'],
  revokeKey:        ['/v1/keys/:key',                     '403 403 403 403 403 403 403 403 403 403 204'],
  createClient:     ['/v1/clients',                       '403 403 403 403 403 403 403 403 403 403 201', () => ({ name: ulid().toLowerCase() })],
  listClients:      ['/v1/clients',                       '403 403 403 403 403 403 403 403 403 403 200'],
  getClient:        ['/v1/clients/:client',               '403 403 403 403 403 403 403 403 403 403 200'],
  changeClient:     ['/v1/clients/:client',               '403 403 403 403 403 403 403 403 403 403 200', () => ({ disabled: true })],
  getClientVariables:
                    ['/v1/clients/:client/variables',     '403 403 403 403 403 403 403 403 403 403 200'],
  changeClientVariables:
                    ['/v1/clients/:client/variables',     '403 403 403 403 403 403 403 403 403 403 200', () => ({ set: { edition: 'pro' } })],
  createTrust:      ['/v1/trusts',                        '403 403 403 403 403 403 403 403 403 403 201', trust],
  listTrusts:       ['/v1/trusts',                        '403 403 403 403 403 403 403 403 403 403 200'],
  revokeTrust:      ['/v1/trusts/:trust',                 '403 403 403 403 403 403 403 403 403 403 204'],
  createDelegation: ['/v1/delegations',                   '403 403 403 403 403 403 403 403 403 403 201', delegation],
  listDelegations:  ['/v1/delegations',                   '403 403 403 403 403 403 403 403 403 403 200'],
  revokeDelegation: ['/v1/delegations/:delegation',       '403 403 403 403 403 403 403 403 403 403 204'],
  // There is no RabbitMQ in this scene: an admin is told so.
  createBrokerUser: ['/v1/clients/:client/broker-users',  '403 403 403 403 403 403 403 403 403 403 409', () => ({ note: 'x' })],
  listBrokerUsers:  ['/v1/clients/:client/broker-users',  '403 403 403 403 403 403 403 403 403 403 200'],
  rotateBrokerUser: ['/v1/clients/:client/broker-users/x/rotate', '403 403 403 403 403 403 403 403 403 403 409'],
  revokeBrokerUser: ['/v1/clients/:client/broker-users/x', '403 403 403 403 403 403 403 403 403 403 409'],
  listDeadLetters:  ['/v1/dead-letters',                  '403 403 403 403 403 403 403 403 403 200 200'],
  replayDeadLetters:['/v1/dead-letters/replay',           '403 403 403 403 403 403 403 403 403 200 200'],
  getOperations:    ['/v1/operations',                    '403 403 403 403 403 403 403 403 403 200 200'],
  createSigningKey: ['/v1/signing-keys',                  '403 403 403 403 403 403 403 403 403 403 201', () => ({ client: 'acme', publicKey: signingPair('acme').known.publicKey })],
  listSigningKeys:  ['/v1/signing-keys',                   all],
  revokeSigningKey: ['/v1/signing-keys/:signing',         '403 403 403 403 403 403 403 403 403 403 204'],
  getPodSigning:    ['/v1/pods/:pod/signing',             '200 200 200 404 200 404 200 200 404 200 200'],
  listAudit:        ['/v1/audit',                         '403 403 403 403 403 403 403 403 403 403 200'],
  verifyAudit:      ['/v1/audit/verification',            '403 403 403 403 403 403 403 403 403 403 200'],
  describeUploads:  ['/v1/uploads',                        all.replaceAll('200', '204')],
  createUpload:     ['/v1/uploads',                       '403 201 403 404 201 404 403 201 404 201 201', undefined, startsUpload],
  getUploadOffset:  ['/v1/uploads/:upload',               '403 200 403 404 200 404 404 200 404 200 200', undefined, tus],
  getUpload:        ['/v1/uploads/:upload',               '403 200 403 404 200 404 404 200 404 200 200'],
  continueUpload:   ['/v1/uploads/:upload',               '403 204 403 404 204 404 404 204 404 204 204', undefined, part],
  endUpload:        ['/v1/uploads/:upload',               '403 204 403 404 204 404 404 204 404 204 204', undefined, tus],
  createDifference: ['/v1/uploads/differences',           '403 201 403 404 201 404 403 201 404 201 201', difference],
  completeDifference:
                    ['/v1/uploads/differences/:difference', '403 200 403 404 200 404 404 200 404 200 200', () => bundleOf({ [sha256('content')]: 'content' })],
  listArtifacts:    ['/v1/artifacts?pod=:pod',            '200 200 200 404 200 404 200 200 404 200 200'],
  collectArtifacts: ['/v1/artifacts/collect',             '403 403 403 403 403 403 403 403 403 200 200'],
  getQuota:         ['/v1/clients/acme/quota',            '200 200 200 404 404 404 404 404 404 200 200'],
  setQuota:         ['/v1/clients/acme/quota',            '403 403 403 403 403 403 403 403 403 200 200', () => ({})],
  getOpenApi:       ['/openapi.json',                      all],
  isLive:           ['/livez',                             all],
  isReady:          ['/readyz',                            all],
};

let scene: RightsScene;
beforeAll(async () => {
  scene = await startRightsScene();
});
afterAll(() => scene?.close());
const thingsOf = (name: string): Promise<Things> => scene.things(rows[name]?.[0] ?? '');

const operationOf = (name: string): string => name.replace(/ \(.*/, '');
const endpointOf = (name: string) => apiEndpoints().find((one) => one.operationId === operationOf(name));

async function ask(name: string, who: Who, about: Things): Promise<Response> {
  const [path, , makeBody, headers] = rows[name] as Row;
  const body = await makeBody?.(about);
  const bytes = body instanceof Buffer ? new Uint8Array(body) : undefined;
  const key = scene.credentials[who];
  const leave = new AbortController();
  const response = await fetch(scene.gateway.api + named(path, about), {
    method: endpointOf(name)?.method.toUpperCase() ?? '',
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body ? { 'content-type': bytes ? 'application/gzip' : 'application/json' } : {}),
      ...headers?.(about),
    },
    ...(body ? { body: bytes ?? JSON.stringify(body) } : {}),
    signal: leave.signal,
  });
  if (response.ok) leave.abort();
  return response;
}

function named(path: string, about: Things): string {
  return path.replace(/:([a-z]+)/g, (_, thing: keyof Things) => about[thing]);
}

const statusesOf = (name: string): string[] => (rows[name]?.[1] ?? '').split(' ');

it('has a row for every operation, and each a status for every identity', () => {
  const operations = new Set(Object.keys(rows).map(operationOf));
  expect([...operations].sort()).toEqual(
    apiEndpoints()
      .map((endpoint) => endpoint.operationId)
      .sort(),
  );
  for (const name of Object.keys(rows)) expect(statusesOf(name), name).toHaveLength(known.length);
});

describe.each(Object.keys(rows))('%s', (name) => {
  it.each(known.map((who, n) => [who, Number(statusesOf(name)[n])] as const))(
    '%s: %i',
    async (who, status) => {
      expect((await ask(name, who, await thingsOf(name))).status).toBe(status);
    },
  );

  it.each(unknown)('%s', async (who) => {
    const { status } = await ask(name, who, await thingsOf(name));
    expect(String(status)).toBe(endpointOf(name)?.role === 'public' ? statusesOf(name)[0] : '401');
  });

  const blind = known.filter((_, n) => statusesOf(name)[n] === '404');
  it.runIf(blind.length > 0).each(blind)(
    '%s: what is there looks the same as what is nowhere',
    async (who: Known) => {
      const told = async (about: Things): Promise<unknown> => {
        const response = await ask(name, who, about);
        const headers = Object.fromEntries(
          [...response.headers].filter(([header]) => !/^(date|content-length)$/.test(header)),
        );
        let text = await response.text();
        for (const [thing, id] of Object.entries(about)) text = text.replaceAll(id, `<${thing}>`);
        return [response.status, headers, text];
      };
      expect(await told(await thingsOf(name))).toEqual(await told(missing));
    },
  );
});
