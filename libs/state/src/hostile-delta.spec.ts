import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { context, newTree, treeServer, ulid, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
const ctx = context(1);
const wanted = 'a'.repeat(64);
let server: TreeServer;
let target: string;

beforeEach(async () => {
  server = await treeServer();
  await driver.prepare(server);
  ({ treeId: target } = await newTree(driver, server, ctx, { 'x/y': '1' }));
  execFileSync('ln', ['-s', server.folder, server.file(`releases/${target}/link`)]);
  server.write({ victim: 'safe', 'etc/victim': 'safe' }, server.folder);
  await driver.fingerprint(server, target);
});
afterEach(() => server.remove());

describe('a delta that is not one of ours', () => {
  function delta(gone: string, members: Record<string, string> = {}, grown = ''): Buffer {
    const cwd = `${server.folder}/evil`;
    const names = Object.keys(members);
    server.write({ './': '', ...Object.fromEntries(Object.values(members).entries()) }, cwd);
    const renames = names.map((name, i) => `--transform=s#^${i}$#${name}#`);
    const tar = execFileSync(
      'tar',
      ['-cPf', '-', ...renames, ...names.map((_, i) => String(i)), '-T', '/dev/null'],
      { cwd },
    );
    const counts = [names.length, gone.length, grown.length].join('\t');
    const head = `podway-delta\t2\t${wanted}\t${EMPTY_FINGERPRINT}\t${counts}\n`;
    return Buffer.concat([Buffer.from(head + gone + grown), tar]);
  }

  async function receive(body: Buffer) {
    const script = server.file('.podway/bin/podway-host');
    const args = ['receive', '1', ctx.deploymentId, ulid(), wanted, target];
    return server.session.exec(['sh', script, server.path, ...args], { stdin: Readable.from([body]) });
  }

  it.each([
    '../../../victim',
    './../victim',
    './x/../../victim',
    '/etc/hostname',
    './link/victim',
    './link/etc/victim',
    './',
    '.',
  ])('cannot remove %s', async (path) => {
    expect(await receive(delta(`${path}\n`))).toMatchObject({ code: 21 });
    expect(readFileSync(`${server.folder}/victim`, 'utf8')).toBe('safe');
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
  });

  it.each(['../victim', '../../../../victim', 'link/victim', './link/etc/victim', 'x/../../victim'])(
    'cannot write %s',
    async (path) => {
      const { code } = await receive(delta('', { [path]: 'hurt' }));
      expect(code).not.toBe(0);
      expect(readFileSync(`${server.folder}/victim`, 'utf8')).toBe('safe');
      expect(readFileSync(`${server.folder}/etc/victim`, 'utf8')).toBe('safe');
      expect(readdirSync(server.file('releases'))).toEqual([target]);
    },
  );

  it.each([
    './../victim\t644\t0\t0\t1.5\t1\t1',
    './../../../../victim\t644\t0\t0\t1\t1\t1',
    './link/victim\t644\t0\t0\t1\t1\t1',
    './link\t644\t0\t0\t1\t1\t1',
    '/etc/hostname\t644\t0\t0\t1\t1\t1',
    './x/y\t644\t0\t0\t1\t1',
    './x/y\t644\t0\t0\t1\t1\t-1',
    './x/y\t--help\t0\t0\t1\t1\t1',
    './x/y\t644\t$(id)\t0\t1\t1\t1',
    './x/none\t644\t0\t0\t1\t1\t1',
  ])('cannot append to %j', async (line) => {
    expect(await receive(delta('', { new: '1' }, `${line}\n`))).toMatchObject({ code: 21 });
    expect(readFileSync(`${server.folder}/victim`, 'utf8')).toBe('safe');
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
    expect(readdirSync(server.file('releases'))).toEqual([target]);
  });

  it.each([
    ['nothing', () => Buffer.alloc(0)],
    ['rubbish', () => Buffer.from('hello\n')],
    ['another format', () => Buffer.from(`podway-delta\t1\t${wanted}\t${wanted}\t0\t0\t0\n`)],
    ['another fingerprint', () => Buffer.from(`podway-delta\t2\t${EMPTY_FINGERPRINT}\t${wanted}\t0\t0\t0\n`)],
    ['half of it', () => delta('', { big: 'x'.repeat(50_000) }).subarray(0, 30_000)],
    [
      'a list that is longer than all',
      () => Buffer.from(`podway-delta\t2\t${wanted}\t${wanted}\t0\t999\t0\n./x`),
    ],
    [
      'a second list that is longer than all',
      () => Buffer.from(`podway-delta\t2\t${wanted}\t${wanted}\t0\t0\t999\n./x`),
    ],
  ])('is refused: %s', async (_, body) => {
    expect(await receive(body())).toMatchObject({ code: 21 });
    expect(readdirSync(server.file('.podway/staging'))).toEqual([]);
    expect(readdirSync(server.file('releases'))).toEqual([target]);
  });

  it('is refused when it does not lead to the fingerprint', async () => {
    expect(await receive(delta('./x/y\n', { new: '1' }))).toMatchObject({ code: 15 });
    expect(readdirSync(server.file('releases'))).toEqual([target]);
    expect(readFileSync(`${server.file(`releases/${target}`)}/x/y`, 'utf8')).toBe('1');
  });
});
