import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { archive, installingServer } from '../test/installing-server.js';
import { installerFor } from './installer-for.js';
import { noVariables } from './variables.js';

const { bundle, context, install, publish, live, read, listed, state, driver, at } = installingServer();

describe('the installer archive', () => {
  it('lays out the whole bundle but its podway.yaml, with plain owners and modes', async () => {
    const files = {
      'podway.yaml': 'x',
      'index.html': 'one',
      'bin/tool': { run: '#!/bin/sh' },
      home: { link: 'index.html' },
    };
    await publish(await bundle(files), [archive()]);
    expect(listed()).toEqual(['bin', 'bin/tool', 'config', 'config/.env', 'home', 'index.html', 'uploads']);
    expect(read('home')).toBe('one');
    expect(lstatSync(live('bin/tool'))).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
    expect(lstatSync(live('bin/tool')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(live('index.html')).mode & 0o7777).toBe(0o644);
    expect(lstatSync(live('index.html')).mtimeMs).toBe(1_600_000_000_000);
  });

  it('lays out a folder of the bundle in a folder of the tree', async () => {
    const digest = await bundle({ 'dist/a.html': 'a', 'dist/css/b.css': 'b', 'other.txt': 'no' });
    await publish(digest, [archive({ source: 'dist', to: 'public/www' })]);
    expect(listed(live('public'))).toEqual(['www', 'www/a.html', 'www/css', 'www/css/b.css']);
  });

  it('replaces what was there, and shares what is the same with the tree before', async () => {
    const text = 'large and the same'.repeat(10_000);
    const first = await publish(
      await bundle({
        same: text,
        changed: 'one',
        mode: 'x',
        gone: 'x',
        'd/gone': 'x',
        kind: 'file',
        'd2/x': 'x',
      }),
      [archive()],
    );
    const before = state(first);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(lstatSync(live('same')).ctimeMs + 3_000), {
      timeout: 10_000,
      interval: 100,
    });
    await driver.fingerprint(at().target, undefined);
    await publish(
      await bundle({ same: text, changed: 'two', mode: { run: 'x' }, 'kind/now': 'a folder', d2: 'a file' }),
      [archive()],
    );
    expect(listed()).toEqual([
      'changed',
      'config',
      'config/.env',
      'd2',
      'kind',
      'kind/now',
      'mode',
      'same',
      'uploads',
    ]);
    expect(read('changed')).toBe('two');
    expect(lstatSync(live('mode')).mode & 0o7777).toBe(0o755);
    const old = (path: string): number => lstatSync(join(at().folder, 'site/releases', first, path)).ino;
    expect(lstatSync(live('same')).ino).toBe(old('same'));
    for (const path of ['changed', 'mode']) expect(lstatSync(live(path)).ino, path).not.toBe(old(path));
    expect(state(first)).toBe(before);
  });

  it('does not take a file for unchanged that somebody has changed on the server', async () => {
    const digest = await bundle({ 'index.html': 'as published', other: 'x' });
    const first = await publish(digest, [archive()]);
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(lstatSync(live('other')).ctimeMs + 3_000), {
      timeout: 10_000,
      interval: 100,
    });
    await driver.fingerprint(at().target, undefined);
    writeFileSync(live('index.html'), 'by a stranger');
    utimesSync(live('index.html'), 1_600_000_000, 1_600_000_000);
    await publish(digest, [archive()]);
    expect(read('index.html')).toBe('as published');
    expect(readFileSync(join(at().folder, 'site/releases', first, 'index.html'), 'utf8')).toBe(
      'by a stranger',
    );
  });

  it('adds and overwrites only when it merges, and never writes into the tree before', async () => {
    const first = await publish(
      await bundle({
        kept: 'k',
        over: 'one',
        'd/kept': 'k',
        'd/over': 'one',
        link: { link: 'kept' },
        'real/x': 'x',
        way: { link: 'real' },
      }),
      [archive()],
    );
    const before = state(first);
    await publish(
      await bundle({ over: 'two', 'd/over': 'two', 'd/new': 'n', link: 'a file now', 'way/x': 'y' }),
      [archive({ mode: 'merge' })],
    );
    expect(listed()).toEqual([
      ...[
        'config',
        'config/.env',
        'd',
        'd/kept',
        'd/new',
        'd/over',
        'kept',
        'link',
        'over',
        'real',
        'real/x',
        'uploads',
        'way',
        'way/x',
      ],
    ]);
    expect([read('over'), read('d/over'), read('kept'), read('link'), read('real/x'), read('way/x')]).toEqual(
      ['two', 'two', 'k', 'a file now', 'x', 'y'],
    );
    expect(state(first)).toBe(before);
    const clash = publish(await bundle({ d: 'a file where a folder is' }), [archive({ mode: 'merge' })]);
    await expect(clash).rejects.toMatchObject({ code: 'INSTALL.ARCHIVE_FAILED', retryable: false });
  });

  it('goes its way to the target through folders of the tree only', async () => {
    mkdirSync(join(at().folder, 'elsewhere'));
    await publish(await bundle({ a: { link: 'b' }, 'b/x': 'x' }), [archive()]);
    const ctx = context();
    const dir = await install(await bundle({ f: 'f' }), [], ctx);
    symlinkSync(join(at().folder, 'elsewhere'), join(dir, 'out'));
    const digest = await bundle({ f: 'f' });
    for (const [to, mode] of [
      ['out/www', 'replace'],
      ['a/www', 'merge'],
    ] as const) {
      const installer = installerFor(archive({ name: mode, to, mode }), { store: at().store, digest });
      const besides = { pod: 'shop', variables: noVariables, programs: {} };
      await installer.apply({ target: at().target, stageDir: dir, driver, context: ctx, ...besides });
      expect(readFileSync(join(dir, to, 'f'), 'utf8')).toBe('f');
    }
    expect(readdirSync(join(at().folder, 'elsewhere'))).toEqual([]);
    expect(existsSync(join(dir, 'b/www'))).toBe(false);
  });

  it('takes its files from somewhere else', async () => {
    const elsewhere = await bundle({ 'site/page': 'fetched' });
    await publish(await bundle({ 'index.html': 'of the bundle' }), [
      archive(),
      archive({
        name: 'more',
        to: 'more',
        source: 'site',
        url: 'https://files.example/x',
        sha256: elsewhere,
      }),
    ]);
    expect(read('index.html')).toBe('of the bundle');
    expect(read('more/page')).toBe('fetched');
  });

  it('leaves shared paths alone', async () => {
    await publish(await bundle({ 'index.html': 'one' }), [archive()]);
    writeFileSync(join(at().folder, 'site/shared/uploads/cat.png'), 'a cat');
    const digest = await bundle({
      'index.html': 'two',
      'uploads/cat.png': 'no cat',
      'config/.env': 'SECRET=none',
      'config/app': 'x',
    });
    for (const mode of ['replace', 'merge'] as const) {
      await publish(digest, [archive({ mode })]);
      expect(read('uploads/cat.png')).toBe('a cat');
      expect(read('config/app')).toBe('x');
      expect(lstatSync(live('config/.env')).isSymbolicLink()).toBe(true);
    }
    for (const to of ['uploads', 'uploads/deeper']) {
      await expect(publish(digest, [archive({ to })])).rejects.toMatchObject({ code: 'INSTALL.INTO_SHARED' });
    }
  });

  it('fails when the bundle is not what it was, and leaves the live tree as it is', async () => {
    const first = await publish(await bundle({ 'index.html': 'one' }), [archive()]);
    const before = state(first);
    const digest = await bundle({ 'index.html': 'two', big: 'x'.repeat(3_000_000) });
    const file = join(at().folder, 'store', digest.slice(0, 2), digest);
    writeFileSync(file, readFileSync(file).subarray(0, 2_000));
    await expect(publish(digest, [archive()])).rejects.toMatchObject({
      code: expect.stringMatching(/^(ARTIFACT\.CORRUPT|BUNDLE\.TRUNCATED)$/) as string,
    });
    expect(state(first)).toBe(before);
    expect(read('index.html')).toBe('one');
  });
});
