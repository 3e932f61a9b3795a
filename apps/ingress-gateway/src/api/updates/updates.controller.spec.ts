import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '@podway/messaging';
import { UpdateEntity } from '@podway/persistence';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

let gateway: TestGateway;
let publisher: string;
let rival: string;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_MAX_BUNDLE_BYTES: String(1024 * 1024) });
  await gateway.apply([pod('shop', 'acme'), pod('other', 'rival')]);
  publisher = await gateway.key('acme', 'publisher');
  rival = await gateway.key('rival', 'publisher');
});
afterAll(() => gateway.close());

function publish(body: Buffer, key = publisher, query = ''): request.Test {
  return request(gateway.api)
    .post(`/v1/updates${query}`)
    .set('Authorization', `Bearer ${key}`)
    .set('Content-Type', 'application/gzip')
    .send(body);
}

function goBack(body: object, key = publisher): request.Test {
  return request(gateway.api).post('/v1/updates').set('Authorization', `Bearer ${key}`).send(body);
}

/** Everything that the store holds, unfinished uploads included. */
async function stored(): Promise<string[]> {
  const names = await readdir(gateway.artifactsDir, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The messages that went out for an update, once the first has. */
async function submitted(updateId: string): Promise<OutgoingMessage[]> {
  const found = (): OutgoingMessage[] =>
    gateway.broker.published.filter(
      ({ envelope }) => 'updateId' in envelope.data && envelope.data.updateId === updateId,
    );
  await expect.poll(() => found().length).toBeGreaterThan(0);
  return found();
}

describe('publishing a bundle', () => {
  it('stores it, writes the update down and starts its deployment', async () => {
    const answer = await publish(await shopBundle('first')).expect(202);
    expect(answer.headers.location).toBe(`/v1/updates/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      client: 'acme',
      pod: 'shop',
      label: 'shop 1.0.0',
      source: { kind: 'artifact' },
    });
    expect(await stored()).toContainEqual(expect.stringContaining(answer.body.source.artifact));

    const [message] = await submitted(answer.body.id);
    const { envelope, routingKey } = message as OutgoingMessage;
    expect(routingKey).toBe('podway.saga-coordinator.outcomes');
    expect(envelope).toMatchObject({
      type: 'io.podway.update.submitted.v1',
      deploymentid: answer.body.deploymentId,
      subject: 'acme/shop',
      data: { publisher: { client: 'acme' }, target: { pod: 'shop' }, source: answer.body.source },
    });

    const read = await request(gateway.api)
      .get(`/v1/updates/${answer.body.id}`)
      .set('Authorization', `Bearer ${publisher}`)
      .expect(200);
    expect(read.body).toEqual(answer.body);
    const deployment = await request(gateway.api)
      .get(`/v1/deployments/${answer.body.deploymentId}`)
      .set('Authorization', `Bearer ${publisher}`)
      .expect(200);
    expect(deployment.body).toMatchObject({ state: 'Submitted', stages: [], pod: 'shop' });
  });

  it('takes POD and label from the query before the manifest', async () => {
    await gateway.apply([pod('blog', 'acme')]);
    const answer = await publish(await shopBundle(), publisher, '?pod=blog&label=My%20words').expect(202);
    expect(answer.body).toMatchObject({ pod: 'blog', label: 'My words' });
  });

  it('continues the trace of the publisher', async () => {
    const trace = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`;
    const answer = await publish(await shopBundle())
      .set('traceparent', trace)
      .expect(202);
    const [message] = await submitted(answer.body.id);
    expect(message?.envelope.traceparent).toContain('ab'.repeat(16));
  });

  it('keeps nothing of a bundle that is refused', async () => {
    const before = await stored();
    const escape = await bundleOf({ '../../etc/passwd': 'x', 'podway.yaml': 'apiVersion: podway/v1\n' });
    const refused = await publish(escape, publisher, '?pod=shop').expect(422);
    expect(refused.type).toBe('application/problem+json');
    expect(refused.body.code).toMatch(/^BUNDLE\./);
    expect(await stored()).toEqual(before);
  });

  it('keeps nothing of a bundle for a POD that is missing or foreign, and tells no difference', async () => {
    const before = await stored();
    const bundle = await shopBundle('for nobody');
    const missing = await publish(bundle, publisher, '?pod=nowhere').expect(404);
    const foreign = await publish(bundle, publisher, '?pod=other').expect(404);
    expect(foreign.body).toEqual({
      ...missing.body,
      detail: missing.body.detail.replace('nowhere', 'other'),
    });
    expect(await stored()).toEqual(before);
  });

  it('refuses a manifest with texts that cannot be stored', async () => {
    const manifest =
      'apiVersion: podway/v1\nname: x\nversion: "a\\0b"\ncomponents: [{ name: s, installer: archive }]\n';
    const answer = await publish(await bundleOf({ 'podway.yaml': manifest, a: 'x' }), publisher, '?pod=shop');
    expect([answer.status, answer.body.code]).toEqual([422, 'INPUT.INVALID']);
  });

  it('refuses checks that the POD does not allow, and keeps nothing', async () => {
    const before = await stored();
    const manifest = (check: string): Buffer =>
      Buffer.from(
        `apiVersion: podway/v1\nname: x\nversion: '1'\ncomponents: [{ name: s, installer: archive }]\nchecks: [${check}]\n`,
      );
    const bundle = async (check: string) => bundleOf({ 'podway.yaml': manifest(check), a: check });
    const php = await bundle('{ probe: command, run: [php, check.php] }');
    const answer = await publish(php, publisher, '?pod=shop').expect(422);
    expect(answer.body).toMatchObject({
      code: 'CHECK.NOT_ALLOWED',
      detail: "POD shop does not take this update's checks: check 1: the probe command is not allowed",
    });
    expect(await stored()).toEqual(before);

    await gateway.apply([{ ...pod('php', 'acme'), policy: { publisherChecks: { commands: ['php'] } } }]);
    const taken = await publish(php, publisher, '?pod=php').expect(202);
    // Stored now: by its digest it is refused all the same where it may not run.
    const { artifact } = taken.body.source as { artifact: string };
    const again = await goBack({ pod: 'shop', artifact }).expect(422);
    expect(again.body.code).toBe('CHECK.NOT_ALLOWED');
    const several = await publish(php, publisher, '?pods=php,shop').expect(422);
    expect(several.body.code).toBe('CHECK.NOT_ALLOWED');
  });

  it('refuses a bundle without a target', async () => {
    const answer = await publish(await bundleOf({ 'index.html': 'x' })).expect(422);
    expect(answer.body.code).toBe('UPDATE.NO_TARGET');
  });

  it.each([
    ['declared', true],
    ['found out on the way', false],
  ])('refuses a bundle that is too large: %s', async (_, declared) => {
    const before = await stored();
    const large = await bundleOf({ 'index.html': randomBytes(1024 * 1024 + 1) });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = httpRequest(`${gateway.api}/v1/updates`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${publisher}`,
          'content-type': 'application/octet-stream',
          ...(declared ? { 'content-length': large.length } : { 'transfer-encoding': 'chunked' }),
        },
      });
      upload.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      upload.end(large);
    });
    expect(status).toBe(413);
    expect(await stored()).toEqual(before);
  });

  it('keeps nothing of an upload that is cut off', async () => {
    const before = await stored();
    const bundle = await shopBundle('x'.repeat(50_000));
    const upload = httpRequest(`${gateway.api}/v1/updates`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${publisher}`,
        'content-type': 'application/gzip',
        'content-length': bundle.length + 1000,
      },
    });
    upload.on('error', () => undefined);
    upload.write(bundle);
    await new Promise((resolve) => setTimeout(resolve, 100));
    upload.destroy();
    await expect.poll(stored).toEqual(before);
  });

  it('refuses other media types', async () => {
    const answer = await publish(await shopBundle())
      .set('Content-Type', 'text/plain')
      .expect(415);
    expect(answer.body.code).toBe('HTTP.UNSUPPORTED_MEDIA_TYPE');
  });
});

describe('an Idempotency-Key', () => {
  it('gives the same answer to the same request, and starts nothing again', async () => {
    const bundle = await shopBundle('once');
    const first = await publish(bundle).set('Idempotency-Key', 'k-1').expect(202);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const second = await publish(bundle).set('Idempotency-Key', 'k-1').expect(202);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(second.headers.location).toBe(first.headers.location);
  });

  it('refuses another request, and keeps nothing of it', async () => {
    await publish(await shopBundle('one'))
      .set('Idempotency-Key', 'k-2')
      .expect(202);
    const before = await stored();
    const other = await publish(await shopBundle('two'))
      .set('Idempotency-Key', 'k-2')
      .expect(422);
    expect(other.body.code).toBe('IDEMPOTENCY.KEY_REUSED');
    expect(await stored()).toEqual(before);
    await goBack({ pod: 'shop' }).set('Idempotency-Key', 'k-2').expect(422);
  });

  it('is each publisher’s own', async () => {
    await publish(await shopBundle('mine'))
      .set('Idempotency-Key', 'k-3')
      .expect(202);
    const theirs = await publish(await shopBundle('theirs'), rival, '?pod=other').set(
      'Idempotency-Key',
      'k-3',
    );
    expect(theirs.status).toBe(202);
    expect(theirs.headers['idempotency-replayed']).toBeUndefined();
  });

  it('makes one update of many equal requests at once', async () => {
    const bundle = await shopBundle('race');
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => publish(bundle).set('Idempotency-Key', 'k-race')),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    const rows = await gateway.dataSource.manager.countBy(UpdateEntity, { idempotencyKey: 'k-race' });
    expect(rows).toBe(1);
    expect(await submitted(answers[0]?.body.id)).toHaveLength(1);
  });

  it('lets one of two different requests at once win', async () => {
    const bundles = await Promise.all([shopBundle('left'), shopBundle('right')]);
    const answers = await Promise.all(bundles.map((one) => publish(one).set('Idempotency-Key', 'k-two')));
    expect(answers.map((answer) => answer.status).sort()).toEqual([202, 422]);
  });

  it.each(['', ' ', 'a b', 'x'.repeat(201)])('must be visible characters: %j', async (key) => {
    const answer = await publish(await shopBundle()).set('Idempotency-Key', key);
    expect(answer.status).toBe(400);
  });
});

describe('going back', () => {
  const fingerprint = 'f'.repeat(64);
  const tree = (n: number): string => `01HZZZZZZZZZZZZZZZZZZZZZ0${n}`;

  async function release(number: number, sourceRelease: number | null = null): Promise<void> {
    await gateway.dataSource.query(
      `insert into coordinator.releases (pod, number, tree_id, fingerprint, artifact, source_release, deployment_id, publisher, created_at)
       values ('shop', $1, $2, $3, null, $4, $2, 'k', now())`,
      [number, tree(number), fingerprint, sourceRelease],
    );
  }
  beforeEach(() => gateway.dataSource.query('delete from coordinator.releases'));

  it('goes to the release before the current one', async () => {
    await release(1);
    await release(2);
    const answer = await goBack({ pod: 'shop' }).expect(202);
    expect(answer.body).toMatchObject({
      label: 'back to release 1',
      source: { kind: 'release', release: 1, treeId: tree(1), fingerprint },
    });
    await submitted(answer.body.id);
  });

  it('goes further back when the current one went back already', async () => {
    for (const number of [1, 2, 3]) await release(number);
    await release(4, 2);
    const answer = await goBack({ pod: 'shop' }).expect(202);
    expect(answer.body.source.release).toBe(1);
  });

  it('goes to the release that is named', async () => {
    for (const number of [1, 2, 3]) await release(number);
    const answer = await goBack({ pod: 'shop', release: 2 }).expect(202);
    expect(answer.body.source.release).toBe(2);
  });

  it('may lose what users have written only by the word of an operator', async () => {
    await release(1);
    const operator = await gateway.key('*', 'operator');
    const answer = await goBack({ pod: 'shop', release: 1, acceptLoss: true }, operator).expect(202);
    expect(answer.body.source).toMatchObject({ release: 1, acceptLoss: true });
    const [message] = await submitted(answer.body.id);
    expect(message?.envelope.data).toMatchObject({ source: { acceptLoss: true } });
  });

  it('refuses a release whose state the servers do not keep any more', async () => {
    // Five are kept unless the POD says otherwise.
    for (const number of [1, 2, 3, 4, 5, 6]) await release(number);
    const answer = await goBack({ pod: 'shop', release: 1 }).expect(409);
    expect(answer.body.code).toBe('RELEASE.NOT_KEPT');
    expect((await goBack({ pod: 'shop', release: 2 }).expect(202)).body.source.release).toBe(2);
  });

  it.each([
    [{ pod: 'shop', release: 9 }, 404, 'RELEASE.NOT_FOUND'],
    [{ pod: 'shop' }, 409, 'RELEASE.NONE_EARLIER'],
    [{ pod: 'other' }, 404, 'POD.NOT_FOUND'],
    [{ pod: 'nowhere' }, 404, 'POD.NOT_FOUND'],
    [{}, 422, 'INPUT.INVALID'],
    [{ pod: 'shop', release: '1' }, 422, 'INPUT.INVALID'],
    [{ pod: 'shop', more: true }, 422, 'INPUT.INVALID'],
    [{ pod: 'shop', release: 1, acceptLoss: 'yes' }, 422, 'INPUT.INVALID'],
    [{ pod: 'shop', release: 1, acceptLoss: true }, 403, 'AUTH.NOT_ALLOWED'],
    [{ pod: 'shop', artifact: 'a'.repeat(64), acceptLoss: true }, 422, 'INPUT.INVALID'],
    [{ pod: 'other', release: 1, acceptLoss: true }, 404, 'POD.NOT_FOUND'],
  ])('%j -> %i %s', async (body, status, code) => {
    await release(1);
    const answer = await goBack(body).expect(status);
    expect(answer.body.code).toBe(code);
  });
});
