import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { bundleStream, componentStream } from './component-stream.js';
import { DirectoryArtifactStore } from './directory-artifact-store.js';

let folder: string;
let store: DirectoryArtifactStore;
let digest: string;
const large = randomBytes(700_001);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'podway-component-'));
  const put = (path: string, content: string | Buffer, mode = 0o640): void => {
    mkdirSync(dirname(join(folder, 'in', path)), { recursive: true });
    writeFileSync(join(folder, 'in', path), content);
    chmodSync(join(folder, 'in', path), mode);
    utimesSync(join(folder, 'in', path), 1_600_000_000, 1_600_000_000);
  };
  put('podway.yaml', 'not read here');
  put('site/index.html', 'hello');
  put('site/bin/tool', large, 0o700);
  put('site/uploads/old.png', 'x');
  put('site/empty', '');
  put('sitemap/other.txt', 'no part of site');
  symlinkSync('../index.html', join(folder, 'in/site/bin/home'));
  // Files only: folders are to be made for what is in them.
  const list = execFileSync('find', ['.', '!', '-type', 'd'], { cwd: join(folder, 'in') });
  const archive = execFileSync('tar', ['-C', join(folder, 'in'), '-cz', '-T', '-'], { input: list });
  store = new DirectoryArtifactStore(join(folder, 'store'));
  ({ digest } = await store.put(Readable.from([archive])));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const component = (changes: Partial<Component>): Component => ({
  name: 'site',
  installer: 'archive',
  ...changes,
});

async function listed(stream: Readable): Promise<string[]> {
  const bytes = await buffer(stream);
  const text = execFileSync('tar', ['-tvf', '-', '--numeric-owner', '--full-time', '--utc'], {
    input: bytes,
    encoding: 'utf8',
  });
  return text
    .trim()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
const nameOf = (line: string): string => line.split(' ').slice(5).join(' ');

describe('the stream of a component', () => {
  it('has the files of its source only, with plain owners and modes, folders made, times kept', async () => {
    const at = '2020-09-13 12:26:40';
    expect(await listed(await componentStream(store, digest, component({ source: 'site' })))).toEqual([
      expect.stringMatching(/^drwxr-xr-x 0\/0 0 .* bin\/$/),
      expect.stringMatching(/^lrwxrwxrwx 0\/0 0 .* bin\/home -> \.\.\/index\.html$/),
      `-rwxr-xr-x 0/0 700001 ${at} bin/tool`,
      `-rw-r--r-- 0/0 0 ${at} empty`,
      `-rw-r--r-- 0/0 5 ${at} index.html`,
      `drwxr-xr-x 0/0 0 ${at} uploads/`,
      `-rw-r--r-- 0/0 1 ${at} uploads/old.png`,
    ]);
  });

  it('has all but podway.yaml when no source is named, and leaves out what is to be skipped', async () => {
    const stream = await componentStream(store, digest, component({}), {
      skip: (path) => path.startsWith('site/uploads'),
    });
    expect((await listed(stream)).map(nameOf)).toEqual([
      'site/',
      'site/bin/',
      'site/bin/home -> ../index.html',
      'site/bin/tool',
      'site/empty',
      'site/index.html',
      'sitemap/',
      'sitemap/other.txt',
    ]);
  });

  it('has the bytes of the bundle', async () => {
    const stream = await bundleStream(store, digest);
    mkdirSync(join(folder, 'out'));
    execFileSync('tar', ['-C', join(folder, 'out'), '-x'], { input: await buffer(stream) });
    expect(large.equals(readFileSync(join(folder, 'out/site/bin/tool')))).toBe(true);
    expect(readFileSync(join(folder, 'out/podway.yaml'), 'utf8')).toBe('not read here');
    expect(readFileSync(join(folder, 'out/site/bin/home'), 'utf8')).toBe('hello');
  });

  it('leaves out what its receiver has, and nothing that differs', async () => {
    const unchanged: string[] = [];
    const digests: Record<string, string> = {
      'bin/tool': createHash('sha256').update(large).digest('hex'),
      empty: 'f'.repeat(64),
    };
    const asked: unknown[] = [];
    const digestOf = (...file: [string, number, boolean]): string | undefined => {
      asked.push(file);
      return digests[file[0]];
    };
    const known = { digestOf, unchanged: (path: string) => void unchanged.push(path) };
    const stream = await componentStream(store, digest, component({ source: 'site' }), { known });
    const names = (await listed(stream)).map(nameOf);
    expect(names).toEqual([
      'bin/',
      'bin/home -> ../index.html',
      'empty',
      'index.html',
      'uploads/',
      'uploads/old.png',
    ]);
    expect(unchanged).toEqual(['bin/tool']);
    expect(asked).toContainEqual(['bin/tool', 700_001, true]);
    expect(asked).toContainEqual(['empty', 0, false]);
  });

  it('fails when the stored bundle has changed', async () => {
    const file = join(folder, 'store', digest.slice(0, 2), digest);
    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
    writeFileSync(file, bytes);
    await expect(buffer(await bundleStream(store, digest))).rejects.toMatchObject({
      code: 'ARTIFACT.CORRUPT',
    });
  });

  it('lets go of the bundle when its reader goes away', async () => {
    const stream = await bundleStream(store, digest);
    await new Promise((resolve) => stream.once('readable', resolve));
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(await store.stat(digest)).toBeDefined();
  });
});
