import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Component } from '@podway/contracts';
import { makeDebianPackage, type DebianPackageContent } from '@podway/testing/debian-servers';
import { archive, installingDebian } from '../test/installing-server.js';
import { resolveVariables } from './variables.js';

const { bundle, fetched, context, install, publish, read, at, debian, nextToken } = installingDebian();
const folder = mkdtempSync(join(tmpdir(), 'podway-debs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const deb = (changes: Partial<Component>): Component => ({ name: 'packages', installer: 'deb', ...changes });
const make = (version: string, changes: Partial<DebianPackageContent> = {}) =>
  makeDebianPackage(folder, {
    ...{ name: 'shop', version },
    files: { 'usr/share/shop/version': version, 'etc/shop.conf': `# of ${version}\n` },
    conffiles: ['/etc/shop.conf'],
    ...changes,
  });
const over = async (...argv: string[]): Promise<string> =>
  (await at().target.session.exec(argv, { timeoutMs: 60_000 })).stdout.trim();
const versionOf = (name: string) => over('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', name);
const failing = '#!/bin/sh\necho "the scheme is broken: $PODWAY_VAR_PASSWORD" >&2\nexit 9\n';

beforeAll(async () => {
  await debian().offerPackages(
    await Promise.all([
      make('1.0'),
      make('1.1'),
      make('2.0', { fields: { Depends: 'shop-libs (>= 1)' } }),
      makeDebianPackage(folder, { name: 'shop-libs', version: '1.5' }),
      makeDebianPackage(folder, { name: 'shop-broken', version: '1.0', scripts: { postinst: failing } }),
      makeDebianPackage(folder, { name: 'shop-rival', version: '1.0', fields: { Conflicts: 'shop' } }),
    ]),
  );
}, 600_000);

describe('the installer deb', () => {
  it('installs the exact version of the repository, also an older one, and what it depends on', async () => {
    const digest = await bundle({ 'site/x': 'x' });
    const site = archive({ source: 'site' });
    await publish(digest, [deb({ packages: ['shop=2.0'] }), site]);
    expect(await versionOf('shop')).toBe('installed 2.0');
    expect(await versionOf('shop-libs')).toBe('installed 1.5');
    expect(read('x')).toBe('x');
    await publish(digest, [deb({ packages: ['shop=1.0'] }), site]);
    expect(await versionOf('shop')).toBe('installed 1.0');
  });

  it('installs a package of the bundle, and one that the repository has beside it', async () => {
    const file = readFileSync(await make('3.0', { fields: { Depends: 'shop-libs' } }));
    const digest = await bundle({ 'debs/shop.deb': file, x: 'x' });
    await over('apt-get', '-y', 'purge', 'shop-libs');
    await publish(digest, [deb({ files: ['debs/shop.deb'] })]);
    expect(await versionOf('shop')).toBe('installed 3.0');
    expect(await versionOf('shop-libs')).toBe('installed 1.5');
  });

  it('installs a package from somewhere else', async () => {
    const elsewhere = await fetched(readFileSync(await make('1.9')));
    await publish(await bundle({ x: 'x' }), [deb(elsewhere)]);
    expect(await versionOf('shop')).toBe('installed 1.9');
  });

  it.each([
    ['keep', '# mine\n'],
    ['replace', '# of 1.1\n'],
  ] as const)('with conffiles: %s, asks nobody about changed configuration', async (conffiles, expected) => {
    const digest = await bundle({ x: 'x' });
    await publish(digest, [deb({ packages: ['shop=1.0'], conffiles: 'replace' })]);
    await over('sh', '-c', 'echo "# mine" >/etc/shop.conf');
    await publish(digest, [deb({ packages: ['shop=1.1'], conffiles })]);
    expect(`${await over('cat', '/etc/shop.conf')}\n`).toBe(expected);
  });

  it('repairs what is there when it is told to', async () => {
    const digest = await bundle({ x: 'x' });
    const components = (repair: boolean) => [deb({ packages: ['shop=1.1'], repair })];
    await publish(digest, components(false));
    await over('rm', '/usr/share/shop/version');
    await publish(digest, components(false));
    expect(await over('cat', '/usr/share/shop/version')).toBe('');
    await publish(digest, components(true));
    expect(await over('cat', '/usr/share/shop/version')).toBe('1.1');
  });

  it('names the package that failed, and keeps secrets out of what its scripts say', async () => {
    const variables = await resolveVariables(
      [{ name: 'password', secret: true }],
      { server: 'debian-1', values: [{ password: { env: 'PODWAY_SECRET_X' } }] },
      { environment: () => 'hunter22', file: async () => undefined },
    );
    const failed = publish(await bundle({ x: 'x' }), [deb({ packages: ['shop-broken=1.0'] })], context(), {
      variables,
    });
    const error = (await failed.catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({
      code: 'INSTALL.PACKAGE_FAILED',
      retryable: false,
      details: { component: 'packages', packages: ['shop-broken is half-configured 1.0'], exitCode: 60 },
      message: expect.stringContaining('the scheme is broken: [secret]') as string,
    });
    expect(error.message).not.toContain('hunter22');
    await over('dpkg', '--purge', 'shop-broken');
  });

  it.each([
    ['a version that is not there', 'shop=9.9', ['shop is installed 1.0']],
    ['a package that is not there', 'shop-none=1', ['shop-none is not-installed']],
    ['one for which another would be removed', 'shop-rival=1.0', ['shop-rival is not-installed']],
  ])('refuses %s, and changes nothing', async (_, wanted, packages) => {
    const digest = await bundle({ x: 'x' });
    await publish(digest, [deb({ packages: ['shop=1.0'] })]);
    const before = await over('dpkg', '-l');
    await expect(publish(digest, [deb({ packages: [wanted] })])).rejects.toMatchObject({
      code: 'INSTALL.PACKAGE_FAILED',
      details: { packages },
    });
    expect(await over('dpkg', '-l')).toBe(before);
  });

  it('does not believe apt: what dpkg knows decides', async () => {
    await over(
      'sh',
      '-c',
      'printf "#!/bin/sh\\nexit 0\\n" >/usr/local/bin/apt-get; chmod 755 /usr/local/bin/apt-get',
    );
    try {
      await expect(
        publish(await bundle({ x: 'x' }), [deb({ packages: ['shop=1.1'] })]),
      ).rejects.toMatchObject({
        details: { exitCode: 61, packages: ['shop is installed 1.0'] },
      });
    } finally {
      await over('rm', '/usr/local/bin/apt-get');
    }
  });

  it('waits for the lock of another that is at work', async () => {
    const held = at().target.session.exec(
      [
        'python3',
        '-c',
        'import fcntl,time\nf=open("/var/lib/dpkg/lock-frontend","w")\nfcntl.lockf(f,fcntl.LOCK_EX)\ntime.sleep(4)',
      ],
      { timeoutMs: 20_000 },
    );
    const ctx = context();
    await publish(await bundle({ x: 'x' }), [deb({ packages: ['shop=1.1'] })], ctx);
    expect((await held).code).toBe(0);
    expect(await versionOf('shop')).toBe('installed 1.1');
  });

  it('installs once a deployment, also when we are cut off meanwhile', async () => {
    const slow = '#!/bin/sh\necho configured >>/var/log/shop-slow\nsleep 2\n';
    const file = readFileSync(
      await makeDebianPackage(folder, { name: 'shop-slow', version: '1.0', scripts: { postinst: slow } }),
    );
    const digest = await bundle({ 'slow.deb': file });
    const components = [deb({ files: ['slow.deb'] })];
    const controller = new AbortController();
    const ctx = context();
    const cut = install(digest, components, { ...ctx, signal: controller.signal });
    cut.catch(() => undefined);
    await vi.waitFor(async () => expect(await over('cat', '/var/log/shop-slow')).toBe('configured'), {
      timeout: 20_000,
    });
    controller.abort(new Error('this worker ends'));
    await expect(cut).rejects.toThrow();
    await publish(digest, components, { ...ctx, fencingToken: nextToken() });
    expect(await over('cat', '/var/log/shop-slow')).toBe('configured');
    expect(await versionOf('shop-slow')).toBe('installed 1.0');
  });
});
