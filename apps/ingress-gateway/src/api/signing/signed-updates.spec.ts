import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SignedStatement, UpdateStatement } from '@podway/contracts';
import { signatureHeader, signStatement } from '@podway/contracts/signatures';
import { SigningKeyEntity } from '@podway/persistence';
import { forgeries, forgeryScene, shopStatement, type ForgeryScene } from '@podway/testing/signatures';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';

const maxLifetimeMs = 86_400_000;
const MANIFEST =
  'apiVersion: podway/v1\nname: shop\nversion: 1.0.0\ncomponents: [{ name: site, installer: archive, source: site }]\n';
let gateway: TestGateway;
let publisher: string;
let rival: string;
let admin: string;
let bundle: Buffer;
let scene: ForgeryScene;

const artifactOf = (bytes: Buffer): { sha256: string; bytes: number } => ({
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.length,
});

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_SIGNATURE_MAX_LIFETIME_MS: String(maxLifetimeMs) });
  await gateway.apply([
    ...[pod('shop', 'acme'), pod('blog', 'acme'), pod('other', 'rival')],
    pod('strict', 'acme', { policy: { signatures: 'required' } }),
  ]);
  publisher = await gateway.key('acme', 'publisher');
  rival = await gateway.key('rival', 'publisher');
  admin = await gateway.key('*', 'admin');
  bundle = await shopBundle('signed');
  scene = forgeryScene(artifactOf(bundle), maxLifetimeMs);
  for (const { known } of [scene.own, scene.second, scene.revoked, scene.expired, scene.rival]) {
    await gateway.dataSource.manager.insert(SigningKeyEntity, {
      ...known,
      note: null,
      createdAt: new Date(),
    });
  }
});
afterAll(() => gateway.close());
beforeEach(() => gateway.dataSource.query('truncate ingress.sequences'));

interface How {
  key?: string;
  to?: string;
  idempotencyKey?: string;
}

function publish(
  body: Buffer,
  signature?: string,
  { key = publisher, to = 'shop', idempotencyKey }: How = {},
): request.Test {
  const call = request(gateway.api)
    .post(`/v1/updates?pod=${to}`)
    .set('Authorization', `Bearer ${key}`)
    .set('Content-Type', 'application/gzip');
  if (signature !== undefined) call.set('Podway-Signature', signature);
  if (idempotencyKey !== undefined) call.set('Idempotency-Key', idempotencyKey);
  return call.send(body);
}

const signed = (changes: Partial<UpdateStatement> = {}, by = scene.own): SignedStatement =>
  signStatement(shopStatement({ artifact: scene.artifact, ...changes }), by.privateKey);
const header = (changes: Partial<UpdateStatement> = {}): string => signatureHeader(signed(changes));

/** What is kept of updates: rows, messages, bytes. */
async function kept(): Promise<unknown> {
  const files = await readdir(gateway.artifactsDir, { recursive: true, withFileTypes: true });
  const [rows] = await gateway.dataSource.query(
    `select (select count(*)::int from ingress.updates) as updates, (select count(*)::int from ingress.artifacts) as artifacts,
       (select count(*)::int from ingress.sequences) as sequences`,
  );
  return { rows, files: files.filter((entry) => entry.isFile()).length };
}

describe('a signed update', () => {
  it('is accepted, kept with its statement, and told on with it', async () => {
    const statement = signed({ sequence: 3 });
    const { body } = await publish(bundle, signatureHeader(statement)).expect(202);
    expect(body).toMatchObject({ sequence: 3, signedBy: [scene.own.known.id] });
    const [row] = await gateway.dataSource.query(
      'select statement, sequence from ingress.updates where id = $1',
      [body.id],
    );
    expect(row).toEqual({ statement: JSON.parse(JSON.stringify(statement)), sequence: '3' });
    await expect
      .poll(() => gateway.broker.published.map(({ envelope }) => envelope.data))
      .toContainEqual(expect.objectContaining({ updateId: body.id, statement: row.statement }));
    const known = await request(gateway.api)
      .get('/v1/pods/shop/signing')
      .set('Authorization', `Bearer ${publisher}`);
    expect(known.body).toEqual({ client: 'acme', pod: 'shop', signatures: 'optional', sequence: 3 });
  });

  it('may be for several PODs, each with a sequence of its own', async () => {
    const many = header({ pods: ['blog', 'shop'], sequence: 5 });
    await publish(bundle, many).expect(202);
    await publish(bundle, many, { to: 'blog' }).expect(202);
    expect((await publish(bundle, many)).body.code).toBe('SIGNATURE.SEQUENCE_USED');
  });

  it.each(forgeries.map((one) => [one.name, one] as const))('is refused %s', async (name, { make, code }) => {
    const before = await kept();
    const answer = await publish(bundle, signatureHeader(make(scene)));
    // A payload that is too long for an envelope is too long for a header.
    const expected = name === 'with a huge payload' ? 'HTTP.REQUEST_HEADER_FIELDS_TOO_LARGE' : code;
    expect([answer.body.code, answer.type]).toEqual([expected, 'application/problem+json']);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await kept()).toEqual(before);
  });

  it('may leave it to the manifest which POD is meant', async () => {
    const send = (signature: string): request.Test =>
      request(gateway.api)
        .post('/v1/updates')
        .set('Authorization', `Bearer ${publisher}`)
        .set('Content-Type', 'application/gzip')
        .set('Podway-Signature', signature)
        .send(bundle);
    expect((await send(header({ pods: ['other'] }))).body.code).toBe('POD.NOT_FOUND');
    expect((await send(header({ pods: ['blog'] }))).body.code).toBe('SIGNATURE.OTHER_POD');
    await send(header({ pods: ['blog', 'shop'] })).expect(202);
  });

  it('is refused when its envelope is sent again: a replay', async () => {
    const once = header({ sequence: 7 });
    await publish(bundle, once).expect(202);
    const before = await kept();
    const again = await publish(bundle, once).expect(409);
    expect(again.body.code).toBe('SIGNATURE.SEQUENCE_USED');
    expect((await publish(bundle, once, { key: admin })).body.code).toBe('SIGNATURE.SEQUENCE_USED');
    expect(await kept()).toEqual(before);
  });

  it('is refused when it is older than what was accepted: a roll-back', async () => {
    const older = header({ sequence: 7 });
    await publish(bundle, header({ sequence: 8 })).expect(202);
    expect((await publish(bundle, older).expect(409)).body.code).toBe('SIGNATURE.SEQUENCE_USED');
  });

  it('of one sequence at once: one is accepted', async () => {
    const once = header({ sequence: 7 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => publish(bundle, once)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      202,
      ...Array.from({ length: 7 }, () => 409),
    ]);
  });

  it('gets its earlier answer under its Idempotency-Key, also when it has expired since', async () => {
    const how = { idempotencyKey: 'signed-1' };
    const soon = header({ sequence: 4, expiresAt: new Date(Date.now() + 1_000).toISOString() });
    const first = await publish(bundle, soon, how).expect(202);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const second = await publish(bundle, soon, how).expect(202);
    expect([second.headers['idempotency-replayed'], second.body]).toEqual(['true', first.body]);
    for (const other of [header({ sequence: 5 }), undefined]) {
      expect((await publish(bundle, other, how)).body.code).toBe('IDEMPOTENCY.KEY_REUSED');
    }
  });

  it('is refused with the bytes of another: mixed', async () => {
    const before = await kept();
    const other = await shopBundle('another');
    const answer = await publish(other, header());
    expect(['SIGNATURE.OTHER_SIZE', 'SIGNATURE.OTHER_ARTIFACT']).toContain(answer.body.code);
    expect((await publish(bundle, header(), { to: 'blog' })).body.code).toBe('SIGNATURE.OTHER_POD');
    expect((await publish(bundle, header(), { key: rival, to: 'other' })).body.code).toBe(
      'SIGNATURE.KEY_UNKNOWN',
    );
    expect(await kept()).toEqual(before);
  });

  it('for a POD that is not there looks the same as for another’s', async () => {
    const foreign = await publish(bundle, header(), { to: 'other' }).expect(404);
    const missing = await publish(bundle, header(), { to: 'nowhere' }).expect(404);
    expect(foreign.body).toEqual({
      ...missing.body,
      detail: missing.body.detail.replace('nowhere', 'other'),
    });
  });

  it('is cut off once it is longer than its signed size, not at its end: endless data', async () => {
    const before = await kept();
    const long = await bundleOf({ 'podway.yaml': MANIFEST, 'site/a': randomBytes(4_000_000) });
    const artifact = { ...artifactOf(long), bytes: 200_000 };
    let sent = 0;
    const answer = await new Promise<{ status?: number; text: string; sent: number }>((resolve, reject) => {
      const upload = httpRequest(`${gateway.api}/v1/updates?pod=shop`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${publisher}`,
          'content-type': 'application/gzip',
          'podway-signature': header({ artifact }),
        },
      });
      upload.on('error', reject).on('response', (response) => {
        const sentThen = sent;
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, text, sent: sentThen }));
      });
      // Never ended: an answer comes all the same.
      const next = (): void => {
        if (sent > 300_000) return;
        upload.write(long.subarray(sent, sent + 50_000), () => setTimeout(next, 10));
        sent += 50_000;
      };
      next();
    });
    expect(answer.status).toBe(422);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'SIGNATURE.OTHER_SIZE' });
    expect(answer.sent).toBeLessThan(long.length);
    expect(await kept()).toEqual(before);
  });

  it('is refused when its body is cut short', async () => {
    const before = await kept();
    const answer = await publish(bundle.subarray(0, -10), header());
    expect([answer.status, answer.body.code]).toEqual([422, 'SIGNATURE.OTHER_SIZE']);
    expect(await kept()).toEqual(before);
  });

  it('that will be refused is refused before its body is sent', async () => {
    const late = signatureHeader(signed({ expiresAt: new Date(Date.now() - 1).toISOString() }));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const upload = httpRequest(`${gateway.api}/v1/updates?pod=shop`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${publisher}`,
          'content-type': 'application/gzip',
          'content-length': 1_000_000_000,
          'podway-signature': late,
        },
      });
      upload.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      upload.flushHeaders();
    });
    expect(status).toBe(422);
  });

  it.each([
    ['no base64url', 'a b'],
    ['no envelope', Buffer.from('{}').toString('base64url')],
    ['an envelope twice', 'x, y'],
    ['nothing', ''],
  ])('is refused with %s in the header', async (_, text) => {
    const answer = await publish(bundle, text).expect(400);
    expect(answer.body.code).toBe('SIGNATURE.MALFORMED');
  });

  it.each([
    [12_001, 'SIGNATURE.TOO_LARGE'],
    [20_000, 'HTTP.REQUEST_HEADER_FIELDS_TOO_LARGE'],
  ])('is refused with a header of %i characters', async (length, code) => {
    const answer = await publish(bundle, 'A'.repeat(length));
    expect([answer.status, answer.body.code]).toEqual([431, code]);
  });
});

describe('a POD that takes signed updates only', () => {
  const release = { number: 1, fingerprint: 'f'.repeat(64) };
  beforeAll(() =>
    gateway.dataSource.query(
      `insert into coordinator.releases (pod, number, tree_id, fingerprint, deployment_id, publisher, created_at)
       values ('strict', 1, '01HZZZZZZZZZZZZZZZZZZZZZ01', $1, 'D', 'k', now())`,
      [release.fingerprint],
    ),
  );
  const goBack = (signature?: string): request.Test => {
    const call = request(gateway.api).post('/v1/updates').set('Authorization', `Bearer ${publisher}`);
    if (signature !== undefined) call.set('Podway-Signature', signature);
    return call.send({ pod: 'strict', release: 1 });
  };

  it('refuses unsigned ones, and unsigned going back', async () => {
    const before = await kept();
    for (const answer of [await publish(bundle, undefined, { to: 'strict' }), await goBack()]) {
      expect([answer.status, answer.body.code]).toEqual([422, 'SIGNATURE.REQUIRED']);
    }
    expect(await kept()).toEqual(before);
  });

  it('takes signed ones, and signed going back, in one order of sequences', async () => {
    await publish(bundle, header({ pods: ['strict'], sequence: 1 }), { to: 'strict' }).expect(202);
    const back = (sequence: number, to = release): string =>
      header({ pods: ['strict'], sequence, artifact: undefined, release: to });
    expect((await goBack(back(1))).body.code).toBe('SIGNATURE.SEQUENCE_USED');
    for (const wrong of [
      { ...release, number: 2 },
      { ...release, fingerprint: 'e'.repeat(64) },
    ]) {
      expect((await goBack(back(2, wrong))).body.code).toBe('SIGNATURE.OTHER_RELEASE');
    }
    expect((await goBack(header({ pods: ['strict'], sequence: 2 }))).body.code).toBe(
      'SIGNATURE.OTHER_RELEASE',
    );
    await goBack(back(2)).expect(202);
  });
});

describe('signing keys', () => {
  const call = (method: 'get' | 'post' | 'delete', path: string, key = admin): request.Test =>
    request(gateway.api)[method](path).set('Authorization', `Bearer ${key}`);

  it('sign from when they are added until they are revoked', async () => {
    const { stranger, signature } = await (async () => {
      const fresh = forgeryScene(scene.artifact, maxLifetimeMs).own;
      return { stranger: fresh, signature: signatureHeader(signed({}, fresh)) };
    })();
    expect((await publish(bundle, signature)).body.code).toBe('SIGNATURE.KEY_UNKNOWN');
    const { id, publicKey } = stranger.known;
    const made = await call('post', '/v1/signing-keys')
      .send({ client: 'acme', publicKey, note: 'build' })
      .expect(201);
    expect(made.body).toEqual({
      id,
      client: 'acme',
      publicKey,
      note: 'build',
      createdAt: expect.any(String),
    });
    await publish(bundle, signature).expect(202);
    await call('delete', `/v1/signing-keys/${id}`).expect(204);
    const later = signatureHeader(signed({ sequence: 2 }, stranger));
    expect((await publish(bundle, later)).body.code).toBe('SIGNATURE.KEY_REVOKED');
    expect((await call('delete', `/v1/signing-keys/${id}`).expect(404)).body.code).toBe(
      'SIGNING_KEY.NOT_FOUND',
    );
    const twice = await call('post', '/v1/signing-keys').send({ client: 'acme', publicKey }).expect(409);
    expect(twice.body.code).toBe('SIGNING_KEY.EXISTS');
  });
});
