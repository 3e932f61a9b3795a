import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { isPublicAddress } from '@podway/contracts/public-addresses';
import { SourceFetcher, type SourceFetcherOptions } from './source-fetcher.js';

const folder = mkdtempSync(join(tmpdir(), 'podway-fetch-'));
const content = 'what was asked for';
const digestOf = (what: string | Buffer): string => createHash('sha256').update(what).digest('hex');
const sha256 = digestOf(content);

/** Each path and how it is answered. */
const answers: Record<string, RequestListener> = {
  '/file': (_, response) => response.end(content),
  '/moved': (_, response) => response.writeHead(302, { location: '/file' }).end(),
  '/circle': (_, response) => response.writeHead(302, { location: '/circle' }).end(),
  '/to-file': (_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
  '/gone': (_, response) => response.writeHead(404).end(),
  '/ill': (_, response) => response.writeHead(503).end(),
  '/cut': (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write(content);
    setTimeout(() => response.destroy(), 50);
  },
  '/silent': () => undefined,
  '/endless': (_, response) => {
    const more = (): void => void (response.destroyed || response.write('x'.repeat(65_536), more));
    more();
  },
};
let server: Server;
const asked: string[] = [];
const at = (path: string, host = '127.0.0.1'): string =>
  `http://${host}:${(server.address() as AddressInfo).port}${path}`;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answers[request.url ?? '']?.(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const component = (path: string, changes: Partial<Component> = {}): Component => ({
  // As far as the fetcher is concerned, any component that is no archive is one file.
  ...{ name: 'tool', installer: 'script', url: at(path), sha256 },
  ...changes,
});
const fetcher = (options: Partial<SourceFetcherOptions> = {}): SourceFetcher =>
  new SourceFetcher({ folder, maxBytes: 1_000_000, timeoutMs: 5_000, allowPrivate: true, ...options });

describe('a source of a component', () => {
  it.each(['/file', '/moved'])('is fetched and proved before it is used: %s', async (path) => {
    const sources = await fetcher().fetch([component(path)]);
    expect(await text(await sources.store.open(sha256))).toBe(content);
    await sources.remove();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, string, Partial<Component>, Partial<SourceFetcherOptions>, object]>([
    ['is something else', '/file', { sha256: 'a'.repeat(64) }, {}, { code: 'INSTALL.SOURCE_MISMATCH' }],
    ['is larger than the bundle says', '/file', { maxBytes: 5 }, {}, { code: 'INSTALL.SOURCE_TOO_LARGE' }],
    [
      'is larger than the setting says',
      '/endless',
      { maxBytes: 9e9 },
      {},
      { code: 'INSTALL.SOURCE_TOO_LARGE' },
    ],
    ['is not there', '/gone', {}, {}, { code: 'INSTALL.SOURCE_MISSING', retryable: false }],
    ['leads to itself', '/circle', {}, {}, { code: 'INSTALL.SOURCE_MISSING' }],
    ['leads to a file', '/to-file', {}, {}, { code: 'INSTALL.SOURCE_REFUSED' }],
    ['is at an ill server', '/ill', {}, {}, { code: 'INSTALL.SOURCE_UNAVAILABLE', retryable: true }],
    ['breaks off', '/cut', {}, {}, { code: 'INSTALL.SOURCE_UNAVAILABLE', retryable: true }],
    [
      'does not come',
      '/silent',
      {},
      { timeoutMs: 200 },
      { code: 'INSTALL.SOURCE_UNAVAILABLE', retryable: true },
    ],
  ])('is refused when it %s', async (_, path, changes, options, expected) => {
    await expect(fetcher(options).fetch([component(path, changes)])).rejects.toMatchObject(expected);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    '127.0.0.1',
    'localhost',
    '0.0.0.0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '127.1',
    '2130706433',
    '0x7f000001',
  ])('at a private address is not asked for: %s', async (host) => {
    asked.length = 0;
    const url = at('/file', host);
    await expect(fetcher({ allowPrivate: false }).fetch([component('', { url })])).rejects.toMatchObject({
      code: 'INSTALL.SOURCE_REFUSED',
      retryable: false,
    });
    expect(asked).toEqual([]);
  });

  it('is told without what may be a key in its URL', async () => {
    answers['/file?token=hunter22'] = (_, response) => response.writeHead(403).end();
    const error: Error = (await fetcher()
      .fetch([component('/file?token=hunter22')])
      .catch((reason: Error) => reason)) as Error;
    expect(error.message).toMatch(/\/file\?… is not there: the answer is 403/);
    expect(JSON.stringify(error)).not.toContain('hunter22');
  });

  it('that is an archive is judged like a bundle', async () => {
    const hostile = gzipSync('no archive at all');
    answers['/hostile'] = (_, response) => response.end(hostile);
    const archive = component('/hostile', { installer: 'archive', sha256: digestOf(hostile) });
    await expect(fetcher().fetch([archive])).rejects.toMatchObject({
      code: expect.stringMatching(/^BUNDLE\./),
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('addresses', () => {
  it.each(['8.8.8.8', '2606:4700::1111', '172.32.0.1'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each([
    ...[
      '10.0.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '224.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '::',
      '::1',
      'fe80::1',
      'fd00::1',
      '::ffff:8.8.8.8',
      '64:ff9b::a00:1',
      '2001:db8::1',
      '2002:a00:1::',
      'x',
    ],
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
