import { createHash } from 'node:crypto';
import request from 'supertest';
import type { DifferenceEntry } from '@podway/contracts';
import { bundleOf } from './bundle.js';
import type { TestGateway } from './gateway.js';

export const sha256 = (content: string | Buffer): string =>
  createHash('sha256').update(content).digest('hex');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

export function tusMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${base64(value)}`)
    .join(',');
}

/** Requests of tus and of uploads by difference, with one key. */
export class Uploader {
  constructor(
    private readonly gateway: Pick<TestGateway, 'api'>,
    private readonly key: string,
    /** Of another gateway, when that is asked. */
    private readonly api = gateway.api,
  ) {}

  at(api: string): Uploader {
    return new Uploader(this.gateway, this.key, api);
  }

  send(method: 'get' | 'post' | 'put' | 'patch' | 'head' | 'delete', path: string): request.Test {
    return request(this.api)[method](path).set('Authorization', `Bearer ${this.key}`);
  }

  create(bytes: number, metadata: Readonly<Record<string, string>> = { pod: 'shop' }): request.Test {
    return this.send('post', '/v1/uploads')
      .set('Tus-Resumable', '1.0.0')
      .set('Upload-Length', String(bytes))
      .set('Upload-Metadata', tusMetadata(metadata));
  }

  patch(location: string, offset: number, content: Buffer): request.Test {
    return this.send('patch', location)
      .set('Tus-Resumable', '1.0.0')
      .set('Upload-Offset', String(offset))
      .set('Content-Type', 'application/offset+octet-stream')
      .send(content);
  }

  head(location: string): request.Test {
    return this.send('head', location).set('Tus-Resumable', '1.0.0');
  }

  differences(entries: readonly DifferenceEntry[], pod = 'shop'): request.Test {
    return this.send('post', '/v1/uploads/differences').send({ pod, entries });
  }

  async contents(id: string, contents: readonly string[]): Promise<request.Response> {
    const files = Object.fromEntries(contents.map((content) => [sha256(content), content]));
    return this.send('put', `/v1/uploads/differences/${id}`)
      .set('Content-Type', 'application/gzip')
      .send(await bundleOf(files));
  }
}

/** What a bundle with these files holds. */
export function entriesOf(files: Readonly<Record<string, string>>): DifferenceEntry[] {
  return Object.entries(files).map(([path, content]) => ({
    ...{ path, kind: 'file', size: Buffer.byteLength(content), sha256: sha256(content) },
  }));
}

/** The files of a good bundle for POD `shop`. */
export function shopFiles(pages: Readonly<Record<string, string>>): Record<string, string> {
  const manifest = [
    'apiVersion: podway/v1',
    'name: shop',
    'version: 1.0.0',
    'components: [{ name: site, installer: archive, source: site }]',
    '',
  ].join('\n');
  const site = Object.entries(pages).map(([path, content]) => [`site/${path}`, content]);
  return { 'podway.yaml': manifest, ...Object.fromEntries(site) };
}
