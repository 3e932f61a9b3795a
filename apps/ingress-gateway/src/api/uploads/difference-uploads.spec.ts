import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectBundle, type InspectedFile } from '@podway/artifacts';
import type { DifferenceEntry } from '@podway/contracts';
import { bundleOf } from '../../../test/bundle.js';
import { pod, startGateway, type TestGateway } from '../../../test/gateway.js';
import { entriesOf, sha256, shopFiles, Uploader } from '../../../test/uploads.js';

let gateway: TestGateway;
let publisher: Uploader;
let rival: Uploader;

beforeAll(async () => {
  gateway = await startGateway({ PODWAY_MAX_BUNDLE_BYTES: String(1024 * 1024) });
  await gateway.apply([pod('shop', 'acme'), pod('other', 'rival')]);
  publisher = new Uploader(gateway, await gateway.key('acme', 'publisher'));
  rival = new Uploader(gateway, await gateway.key('rival', 'publisher'));
});
afterAll(() => gateway.close());

/** Uploads these files by difference; tells what had to be sent, and the artifact. */
async function upload(files: Record<string, string>, who = publisher, podName = 'shop') {
  const { body } = await who.differences(entriesOf(files), podName).expect(201);
  const missing = body.missing as string[];
  const contents = Object.values(files).filter((content) => missing.includes(sha256(content)));
  const done = await who.contents(body.id as string, [...new Set(contents)]);
  expect(done.status, JSON.stringify(done.body)).toBe(200);
  return { id: body.id as string, missing, artifact: done.body.artifact as string };
}

async function filesIn(artifact: string): Promise<InspectedFile[]> {
  const files: InspectedFile[] = [];
  const stored = await gateway.context.infrastructure.artifacts.open(artifact);
  await inspectBundle(stored, { onFile: (file) => files.push(file) });
  return files;
}

describe('an upload by difference', () => {
  it('sends all the first time, then only what changed, and is published', async () => {
    const first = shopFiles({ 'a.html': 'one', 'b.html': 'two', 'empty.txt': '' });
    const one = await upload(first);
    expect(one.missing.sort()).toEqual([first['podway.yaml'] ?? '', 'one', 'two'].map(sha256).sort());
    const second = shopFiles({ 'a.html': 'one', 'b.html': 'two, changed', 'copy.html': 'one' });
    const two = await upload(second);
    expect(two.missing).toEqual([sha256('two, changed')]);
    const found = await filesIn(two.artifact);
    expect(found.map(({ path, sha256: digest }) => [path, digest]).sort()).toEqual(
      Object.entries(second)
        .map(([path, content]) => [path, sha256(content)])
        .sort(),
    );
    const body = { pod: 'shop', artifact: two.artifact };
    await publisher.send('post', '/v1/updates').send(body).expect(202);
    const leftOver = await readdir(join(gateway.artifactsDir, 'uploads'));
    expect(leftOver).toEqual([]);
  });

  it('makes the same artifact of the same files, and needs nothing sent for it', async () => {
    const files = shopFiles({ 'x.html': 'same', 'y.html': 'again' });
    const one = await upload(files);
    const two = await upload(Object.fromEntries(Object.entries(files).toReversed()));
    expect(two).toMatchObject({ missing: [], artifact: one.artifact });
    const again = await publisher.contents(two.id, []);
    expect([again.status, again.body.artifact]).toEqual([200, one.artifact]);
  });

  it('finds files in a bundle that came as a whole', async () => {
    const files = shopFiles({ 'whole.html': 'came as a whole' });
    const body = await bundleOf(files);
    await publisher.send('post', '/v1/updates?pod=shop').type('application/gzip').send(body).expect(202);
    const { missing, artifact } = await upload({ ...files, 'site/more.html': 'more' });
    expect(missing).toEqual([sha256('more')]);
    expect((await filesIn(artifact)).map(({ path }) => path)).toContain('site/whole.html');
  });

  it('never tells what another client has stored', async () => {
    const files = shopFiles({ 'secret.html': 'only acme has this' });
    await upload(files);
    const { body } = await rival.differences(entriesOf(files), 'other').expect(201);
    expect(body.missing).toContain(sha256('only acme has this'));
    const cheating = await rival.contents(body.id as string, []);
    expect([cheating.status, cheating.body.code]).toEqual([409, 'UPLOAD.CONTENT_MISSING']);
    const foreign = await publisher.contents(body.id as string, Object.values(files));
    expect([foreign.status, foreign.body.code]).toEqual([404, 'UPLOAD.NOT_FOUND']);
    const elsewhere = await rival.differences(entriesOf(files), 'shop').expect(404);
    expect(elsewhere.body.code).toBe('POD.NOT_FOUND');
  });

  it('can be tried again when contents were wrong, missing or cut', async () => {
    const files = shopFiles({ 'retry.html': 'wanted' });
    const { body } = await publisher.differences(entriesOf(files)).expect(201);
    const id = body.id as string;
    expect((await publisher.contents(id, ['wrong'])).body.code).toBe('UPLOAD.CONTENT_MISMATCH');
    const nothing = await publisher.contents(id, []);
    expect(nothing.body.code).toBe('UPLOAD.CONTENT_MISSING');
    const packed = await bundleOf({ [sha256('wanted')]: 'wanted' });
    const cut = await publisher
      .send('put', `/v1/uploads/differences/${id}`)
      .type('application/gzip')
      .send(packed.subarray(0, packed.length - 10));
    expect([cut.status, cut.body.code]).toEqual([422, 'BUNDLE.TRUNCATED']);
    expect((await publisher.contents(id, ['wanted'])).status).toBe(200);
  });

  it.each<[string, DifferenceEntry]>([
    ['BUNDLE.PATH_ESCAPES', { path: '../x', kind: 'directory' }],
    ['BUNDLE.PATH_ABSOLUTE', { path: '/x', kind: 'directory' }],
    ['BUNDLE.LINK_ESCAPES', { path: 'x', kind: 'symlink', target: '../x' }],
    ['BUNDLE.DUPLICATE', { path: 'podway.yaml', kind: 'directory' }],
    ['BUNDLE.NAME_COLLISION', { path: 'PODWAY.yaml', kind: 'directory' }],
    ['BUNDLE.NAME_INVALID', { path: 'a\\b', kind: 'directory' }],
    ['BUNDLE.NAME_INVALID', { path: './x', kind: 'directory' }],
    ['INPUT.INVALID', { path: 'x', kind: 'symlink' }],
    ['INPUT.INVALID', { path: 'x', kind: 'file', size: 3 }],
    ['INPUT.INVALID', { path: 'x', kind: 'file', size: 0, sha256: sha256('x') }],
    ['INPUT.INVALID', { path: 'x', kind: 'file', size: 7, sha256: sha256('one') }],
    ['INPUT.INVALID', { path: 'x', kind: 'directory', target: 'y' }],
  ])('is refused with %s before anything is sent: %j', async (code, entry) => {
    const files = shopFiles({ 'a.html': 'one' });
    const answer = await publisher.differences([...entriesOf(files), entry]);
    expect([answer.status, answer.body.code]).toEqual([422, code]);
  });

  it('is refused when the bundle is none: no content, a wrong manifest, too large', async () => {
    const manifest = shopFiles({})['podway.yaml'] ?? '';
    const wrong = { 'podway.yaml': 'components: nonsense', 'site/x': 'x' };
    for (const [files, code] of [
      [{ 'podway.yaml': manifest }, 'BUNDLE.EMPTY'],
      [wrong, 'BUNDLE.MANIFEST_INVALID'],
    ] as const) {
      const { body } = await publisher.differences(entriesOf(files)).expect(201);
      const sent = Object.values(files).filter((content) =>
        (body.missing as string[]).includes(sha256(content)),
      );
      expect((await publisher.contents(body.id as string, sent)).body.code).toBe(code);
    }
    const large = { path: 'x', kind: 'file', size: 2 ** 31, sha256: sha256('x') } as const;
    expect((await publisher.differences([large])).body.code).toBe('HTTP.BODY_TOO_LARGE');
  });
});

describe('publishing a stored artifact', () => {
  it('counts once under an Idempotency-Key, and takes no release besides', async () => {
    const { artifact } = await upload(shopFiles({ 'z.html': 'idempotent' }));
    const ask = (body: object) =>
      publisher.send('post', '/v1/updates').set('Idempotency-Key', artifact).send(body);
    const one = await ask({ pod: 'shop', artifact }).expect(202);
    const two = await ask({ pod: 'shop', artifact }).expect(202);
    expect([two.body.id, two.headers['idempotency-replayed']]).toEqual([one.body.id, 'true']);
    const both = await publisher.send('post', '/v1/updates').send({ pod: 'shop', artifact, release: 1 });
    expect([both.status, both.body.code]).toEqual([422, 'INPUT.INVALID']);
    const unknown = await publisher
      .send('post', '/v1/updates')
      .send({ pod: 'shop', artifact: 'a'.repeat(64) });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'ARTIFACT.NOT_FOUND']);
  });

  it('reads back what was stored, byte for byte', async () => {
    const { artifact } = await upload(shopFiles({ 'w.html': 'bytes' }));
    const bytes = await buffer(await gateway.context.infrastructure.artifacts.open(artifact));
    expect(sha256(bytes)).toBe(artifact);
  });
});
