import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectBundle } from './inspect-bundle.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podway-bundle-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content = path): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}
const tar = (...options: string[]): Readable =>
  Readable.from([
    execFileSync('tar', ['-C', folder, '-cf', '-', ...options, '.'], { maxBuffer: 64 * 1024 * 1024 }),
  ]);

const manifest = (components: string, more = ''): string =>
  `apiVersion: podway/v1\nname: shop\nversion: 1.2.0\ncomponents:\n${components}\n${more}`;

describe('a good bundle', () => {
  it.each([['ustar'], ['pax'], ['gnu']])('of real tar in the format %s is taken', async (format) => {
    put('index.html', 'hello');
    put('css/site.css', 'h1 {}');
    put('empty.txt', '');
    put('ünïcödé/名前.txt', 'x');
    symlinkSync('../index.html', join(folder, 'css/home'));
    if (format !== 'ustar') put(`${'long-folder-name/'.repeat(20)}file.txt`, 'deep');
    const {
      manifest: found,
      entries,
      bytes,
    } = await inspectBundle(tar(`--format=${format}`), { name: 'shop', version: '7' });
    expect(found).toMatchObject({
      name: 'shop',
      version: '7',
      components: [{ name: 'content', installer: 'archive' }],
    });
    expect({ entries, bytes }).toEqual(
      format === 'ustar' ? { entries: 8, bytes: 11 } : { entries: 29, bytes: 15 },
    );
  });

  it('may be compressed', async () => {
    put('index.html', 'hello'.repeat(100_000));
    expect((await inspectBundle(tar('-z'))).bytes).toBe(500_000);
  });

  it('of git archive is taken, with its global comment', async () => {
    put('index.html', 'hello');
    const git = (...args: string[]): Buffer =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args]);
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'first');
    const archive = git('archive', '--format=tar.gz', 'HEAD');
    expect(await inspectBundle(Readable.from([archive]))).toMatchObject({ entries: 1, bytes: 5 });
  });

  it('says in podway.yaml what its parts are', async () => {
    put('site/index.html');
    put('tools/migrate.sh', '#!/bin/sh\n');
    chmodSync(join(folder, 'tools/migrate.sh'), 0o755);
    put(
      'podway.yaml',
      manifest(
        `  - {name: site, installer: archive, source: site, to: public}
  - {name: migrate, installer: script, run: [./tools/migrate.sh, --fast], timeoutMs: 5000}
  - {name: tidy, installer: script, run: [find, ., -empty]}`,
        'checks:\n  - {probe: http, path: /}\n',
      ),
    );
    const found = await inspectBundle(tar());
    expect(found.manifest).toMatchObject({
      name: 'shop',
      version: '1.2.0',
      components: [
        { source: 'site', to: 'public' },
        { run: ['./tools/migrate.sh', '--fast'] },
        { name: 'tidy' },
      ],
      checks: [{ probe: 'http', path: '/' }],
    });
  });
});

describe('a bundle that cannot be installed', () => {
  it('is refused when it has no files', async () => {
    await expect(inspectBundle(tar())).rejects.toMatchObject({ code: 'BUNDLE.EMPTY' });
    put('podway.yaml', manifest('  - {name: site, installer: archive}'));
    await expect(inspectBundle(tar())).rejects.toMatchObject({ code: 'BUNDLE.EMPTY' });
  });

  const script = '  - {name: run, installer: script, run: [./run.sh]}';
  it.each<[string, string, string]>([
    ['no YAML', 'MANIFEST_INVALID', 'a: [b'],
    ['YAML of the wrong form', 'MANIFEST_INVALID', '- a\n- b\n'],
    ['an unknown field', 'MANIFEST_INVALID', manifest('  - {name: site, installer: archive, sauce: site}')],
    ['an unknown installer', 'MANIFEST_INVALID', manifest('  - {name: site, installer: magic}')],
    ['no components', 'MANIFEST_INVALID', manifest('  []')],
    ['a script without a program', 'MANIFEST_INVALID', manifest('  - {name: run, installer: script}')],
    [
      'an archive with a program',
      'MANIFEST_INVALID',
      manifest('  - {name: site, installer: archive, run: [a]}'),
    ],
    [
      'a source that leads out',
      'MANIFEST_INVALID',
      manifest('  - {name: site, installer: archive, source: ../x}'),
    ],
    [
      'a target that leads out',
      'MANIFEST_INVALID',
      manifest('  - {name: site, installer: archive, to: /etc}'),
    ],
    ['a key twice', 'MANIFEST_INVALID', `${manifest(script)}name: again\n`],
    ['two documents', 'MANIFEST_INVALID', `${manifest(script)}---\n${manifest(script)}`],
    ['an alias', 'MANIFEST_INVALID', manifest('  - &a {name: site, installer: archive}\n  - *a')],
    ['a tag', 'MANIFEST_INVALID', manifest('  - !!js/function {name: site, installer: archive}')],
    ['endless nesting', 'MANIFEST_INVALID', '['.repeat(20_000)],
    ['too many bytes', 'MANIFEST_INVALID', `${manifest(script)}#${'x'.repeat(70_000)}`],
    [
      'an alias bomb',
      'MANIFEST_INVALID',
      `a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n`,
    ],
    [
      'a folder that is not there',
      'SOURCE_MISSING',
      manifest('  - {name: site, installer: archive, source: sight}'),
    ],
    [
      'a file for a folder',
      'SOURCE_MISSING',
      manifest('  - {name: site, installer: archive, source: run.sh}'),
    ],
    ['an empty folder', 'SOURCE_MISSING', manifest('  - {name: site, installer: archive, source: empty}')],
    [
      'a link for a folder',
      'SOURCE_MISSING',
      manifest('  - {name: site, installer: archive, source: alias}'),
    ],
    [
      'a program that is not there',
      'PROGRAM_MISSING',
      manifest('  - {name: run, installer: script, run: [bin/run]}'),
    ],
    [
      'a package that is not there',
      'FILE_MISSING',
      manifest('  - {name: system, installer: deb, files: [site/shop.deb]}'),
    ],
    ['a folder for a package', 'FILE_MISSING', manifest('  - {name: system, installer: deb, files: [site]}')],
    ['a program that is not executable', 'PROGRAM_MISSING', manifest(script)],
    [
      'a link out of its component',
      'LINK_ESCAPES',
      manifest('  - {name: site, installer: archive, source: site}'),
    ],
  ])('is refused for %s', async (_, fault, text) => {
    put('site/index.html');
    put('run.sh');
    mkdirSync(join(folder, 'empty'));
    symlinkSync('site', join(folder, 'alias'));
    symlinkSync('../run.sh', join(folder, 'site/run'));
    put('podway.yaml', text);
    await expect(inspectBundle(tar())).rejects.toMatchObject({ code: `BUNDLE.${fault}` });
  });

  it('may be nothing but a podway.yaml that needs no files', async () => {
    put('podway.yaml', manifest('  - {name: system, installer: deb, packages: [nginx=1.22]}'));
    expect((await inspectBundle(tar())).manifest.components).toMatchObject([{ packages: ['nginx=1.22'] }]);
    put('podway.yaml', manifest('  - {name: content, installer: archive}'));
    await expect(inspectBundle(tar())).rejects.toMatchObject({ code: 'BUNDLE.EMPTY' });
  });

  it('is refused when podway.yaml is not a file', async () => {
    put('other.yaml', manifest('  - {name: site, installer: archive}'));
    symlinkSync('other.yaml', join(folder, 'podway.yaml'));
    await expect(inspectBundle(tar())).rejects.toMatchObject({ code: 'BUNDLE.MANIFEST_INVALID' });
  });
});

describe('reading a bundle', () => {
  it('passes on what went wrong with the source, and ends it', async () => {
    put('index.html', 'x'.repeat(1_000_000));
    const bytes = execFileSync('tar', ['-C', folder, '-cf', '-', '.']);
    const source = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 300_000);
        await Promise.resolve();
        throw Object.assign(new Error('the disk broke'), { code: 'EIO' });
      })(),
    );
    await expect(inspectBundle(source)).rejects.toMatchObject({ code: 'EIO' });
    expect(source.destroyed).toBe(true);
  });
});
