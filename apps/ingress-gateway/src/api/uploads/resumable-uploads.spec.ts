import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactEntity } from '@podway/persistence';
import { bundleOf, shopBundle } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { sha256, Uploader } from '../../../test/uploads.js';

let gateway: TestGateway;
let publisherKey: string;
let publisher: Uploader;
let rival: Uploader;
let bundle: Buffer;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_MAX_BUNDLE_BYTES: String(1024 * 1024) });
  await gateway.apply([pod('shop', 'acme'), pod('other', 'rival')]);
  publisherKey = await gateway.key('acme', 'publisher');
  publisher = new Uploader(gateway, publisherKey);
  rival = new Uploader(gateway, await gateway.key('rival', 'publisher'));
});
afterAll(() => gateway.close());
beforeEach(async () => {
  bundle = await shopBundle(randomBytes(50_000).toString('hex'));
});

const folder = (): string => join(gateway.artifactsDir, 'uploads');
const half = (): number => Math.floor(bundle.length / 2);

async function created(bytes = bundle.length, metadata?: Record<string, string>): Promise<string> {
  const answer = await publisher.create(bytes, metadata).expect(201);
  expect(answer.headers['upload-expires']).toBeDefined();
  return answer.headers.location as string;
}

describe('a resumable upload', () => {
  it('says what is known of tus to whoever asks', async () => {
    const answer = await request(gateway.api).options('/v1/uploads').expect(204);
    expect(answer.headers).toMatchObject({
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,termination,expiration',
      'tus-max-size': String(1024 * 1024),
    });
  });

  it('takes a bundle in parts, becomes an artifact, and that is published', async () => {
    const location = await created();
    expect((await publisher.head(location).expect(200)).headers['upload-offset']).toBe('0');
    const first = await publisher.patch(location, 0, bundle.subarray(0, half())).expect(204);
    expect(first.headers['upload-offset']).toBe(String(half()));
    expect((await publisher.head(location).expect(200)).headers['upload-offset']).toBe(String(half()));
    const last = await publisher.patch(location, half(), bundle.subarray(half())).expect(204);
    const digest = sha256(bundle);
    expect(last.headers['podway-artifact']).toBe(digest);

    const view = (await publisher.send('get', location).expect(200)).body;
    expect(view).toMatchObject({ state: 'finished', artifact: digest, bytes: bundle.length, pod: 'shop' });
    const head = await publisher.head(location).expect(200);
    expect(head.headers).toMatchObject({
      'upload-offset': String(bundle.length),
      'upload-length': String(bundle.length),
      'podway-artifact': digest,
    });
    expect(await readdir(folder())).toEqual([]);

    const body = { pod: 'shop', artifact: digest };
    const update = await publisher.send('post', '/v1/updates').send(body).expect(202);
    expect(update.body).toMatchObject({
      label: 'shop 1.0.0',
      source: { kind: 'artifact', artifact: digest },
    });
  });

  it('goes on on another gateway', async () => {
    const location = await created();
    await publisher.patch(location, 0, bundle.subarray(0, half())).expect(204);
    const second = await gateway.anotherApi();
    const there = publisher.at(`http://127.0.0.1:${second.port}`);
    expect((await there.head(location).expect(200)).headers['upload-offset']).toBe(String(half()));
    const done = await there.patch(location, half(), bundle.subarray(half())).expect(204);
    expect(done.headers['podway-artifact']).toBe(sha256(bundle));
    await second.close();
  });

  it('goes on after a connection that broke, from the byte that came last', async () => {
    const location = await created();
    await new Promise<void>((resolve) => {
      const outgoing = httpRequest(gateway.api + location, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${publisherKey}`,
          'tus-resumable': '1.0.0',
          'upload-offset': '0',
          'content-type': 'application/offset+octet-stream',
          'content-length': bundle.length,
        },
      });
      outgoing.on('error', () => resolve());
      outgoing.write(bundle.subarray(0, half()));
      setTimeout(() => outgoing.destroy(), 300);
    });
    const offset = Number((await publisher.head(location).expect(200)).headers['upload-offset']);
    expect(offset).toBe(half());
    const done = await publisher.patch(location, offset, bundle.subarray(offset)).expect(204);
    expect(done.headers['podway-artifact']).toBe(sha256(bundle));
  });

  it('takes over from a request that hangs, and keeps what that one brought', async () => {
    const location = await created();
    const hanging = httpRequest(gateway.api + location, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${publisherKey}`,
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
        'content-length': bundle.length,
      },
    });
    hanging.on('error', () => undefined);
    hanging.write(bundle.subarray(0, half()));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const head = await publisher.head(location).expect(200);
    expect(head.headers['upload-offset']).toBe(String(half()));
    const done = await publisher.patch(location, half(), bundle.subarray(half())).expect(204);
    expect(done.headers['podway-artifact']).toBe(sha256(bundle));
    hanging.destroy();
  }, 60_000);

  it('is finished by an empty request when the answer to the last one was lost', async () => {
    const location = await created();
    await publisher.patch(location, 0, bundle).expect(204);
    const again = await publisher.patch(location, bundle.length, Buffer.alloc(0)).expect(204);
    expect(again.headers['podway-artifact']).toBe(sha256(bundle));
    expect((await publisher.patch(location, 0, bundle).expect(409)).body.code).toBe('UPLOAD.OFFSET_CONFLICT');
  });

  it('is not there for another client', async () => {
    const location = await created();
    const missing = location.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    for (const [path, who] of [
      [location, rival],
      [missing, publisher],
    ] as const) {
      expect((await who.send('get', path).expect(404)).body.code).toBe('UPLOAD.NOT_FOUND');
      expect((await who.patch(path, 0, bundle).expect(404)).body.code).toBe('UPLOAD.NOT_FOUND');
      expect((await who.send('delete', path).expect(404)).body.code).toBe('UPLOAD.NOT_FOUND');
      await who.head(path).expect(404);
    }
    expect((await publisher.create(10, { pod: 'other' }).expect(404)).body.code).toBe('POD.NOT_FOUND');
    await publisher.patch(location, 0, bundle).expect(204);
    const foreign = await rival.send('post', '/v1/updates').send({ pod: 'other', artifact: sha256(bundle) });
    expect([foreign.status, foreign.body.code]).toEqual([404, 'ARTIFACT.NOT_FOUND']);
  });

  it('is gone once it was given up, or has expired', async () => {
    const location = await created();
    await publisher.send('delete', location).expect(204);
    await publisher.head(location).expect(404);
    const other = await created();
    await gateway.dataSource.query(`update ingress.uploads set expires_at = now() - interval '1 second'`);
    expect((await publisher.patch(other, 0, bundle).expect(404)).body.code).toBe('UPLOAD.NOT_FOUND');
  });

  it('keeps nothing of a bundle that is refused', async () => {
    const hostile = await bundleOf({ '../x': 'x' });
    const location = await created(hostile.length);
    const refused = await publisher.patch(location, 0, hostile).expect(422);
    expect(refused.body.code).toBe('BUNDLE.PATH_ESCAPES');
    expect(refused.headers['content-type']).toContain('application/problem+json');
    await publisher.head(location).expect(404);
    expect(await gateway.dataSource.manager.findBy(ArtifactEntity, { digest: sha256(hostile) })).toEqual([]);
    expect((await readdir(folder())).filter((name) => location.includes(name))).toEqual([]);
  });

  it('is refused when its bytes are not those that were meant', async () => {
    const location = await created(bundle.length, { pod: 'shop', sha256: 'a'.repeat(64) });
    const refused = await publisher.patch(location, 0, bundle).expect(422);
    expect(refused.body.code).toBe('UPLOAD.DIGEST_MISMATCH');
  });

  it.each<[string, number, string, (uploader: Uploader) => request.Test]>([
    ['too large', 413, 'HTTP.BODY_TOO_LARGE', (one) => one.create(1024 * 1024 + 1)],
    ['for no POD', 422, 'INPUT.INVALID', (one) => one.create(1, { name: 'x' })],
    ['of no length', 400, 'UPLOAD.MALFORMED', (one) => one.create(1).unset('Upload-Length')],
    [
      'of a length told later',
      400,
      'UPLOAD.MALFORMED',
      (one) => one.create(1).unset('Upload-Length').set('Upload-Defer-Length', '1'),
    ],
    ['of another tus', 400, 'UPLOAD.MALFORMED', (one) => one.create(1).set('Tus-Resumable', '0.2.0')],
    ['of no tus', 412, 'UPLOAD.TUS_VERSION', (one) => one.create(1).unset('Tus-Resumable')],
    ['with odd metadata', 400, 'UPLOAD.MALFORMED', (one) => one.create(1).set('Upload-Metadata', 'pod ###')],
  ])('%s is refused: %i %s', async (_, status, code, ask) => {
    const answer = await ask(publisher);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each<[string, number, string, (uploader: Uploader, location: string) => request.Test]>([
    ['at another offset', 409, 'UPLOAD.OFFSET_CONFLICT', (one, at) => one.patch(at, 5, Buffer.from('x'))],
    ['beyond its end', 413, 'HTTP.BODY_TOO_LARGE', (one, at) => one.patch(at, 0, Buffer.alloc(20))],
    [
      'of another type',
      400,
      'UPLOAD.MALFORMED',
      (one, at) => one.patch(at, 0, Buffer.from('x')).type('application/gzip'),
    ],
    [
      'without an offset',
      400,
      'UPLOAD.MALFORMED',
      (one, at) => one.patch(at, 0, Buffer.from('x')).unset('Upload-Offset'),
    ],
  ])('bytes %s are refused: %i %s', async (_, status, code, ask) => {
    const location = await created(10);
    const answer = await ask(publisher, location);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await publisher.head(location).expect(200)).headers['upload-offset']).toBe('0');
  });
});
