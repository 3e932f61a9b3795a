import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { ensurePackages } from '@podway/testing/fleet';
import { installingServer } from '../test/installing-server.js';

const { bundle, publish } = installingServer();
const folder = mkdtempSync(join(tmpdir(), 'podway-rpm-'));
/** rpm's database and files are here: this machine's are dpkg's. */
const root = join(folder, 'root root');
const inRoot = ['--root', root, '--dbpath', '/var/lib/rpm'];
const programs = { rpm: ['rpm', ...inRoot] };
const rpm = (changes: Partial<Component>): Component => ({ name: 'system', installer: 'rpm', ...changes });
const versionOf = (name: string): string => {
  try {
    return execFileSync('rpm', [...inRoot, '-q', '--qf', '%{EVR}', name], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch {
    return 'not installed';
  }
};

function make(name: string, version: string, more = ''): Buffer {
  const top = join(folder, `${name}-${version}`);
  mkdirSync(top);
  writeFileSync(
    join(top, 'shop.spec'),
    `Name: ${name}
Version: ${version}
Release: 1
Summary: made for a test
License: MIT
BuildArch: noarch
${more}
%description
made for a test
%install
mkdir -p %{buildroot}/usr/share/${name}
echo ${version} >%{buildroot}/usr/share/${name}/version
%files
/usr/share/${name}
`,
  );
  execFileSync('rpmbuild', ['-bb', '--define', `_topdir ${top}`, join(top, 'shop.spec')], { stdio: 'pipe' });
  return readFileSync(join(top, `RPMS/noarch/${name}-${version}-1.noarch.rpm`));
}

let files: Record<string, Buffer>;
beforeAll(async () => {
  await ensurePackages(['rpm'], (line) => console.error(line));
  mkdirSync(root);
  files = {
    'shop-1.rpm': make('shop', '1.0'),
    'shop-2.rpm': make('shop', '2.0', 'Requires: shop-libs'),
    'libs.rpm': make('shop-libs', '1.5'),
    'bad.rpm': make('shop-bad', '1.0', '%pre -p <lua>\nerror("the scheme is broken")\n'),
  };
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const apply = async (component: Component) =>
  publish(await bundle(files), [component], undefined, { programs });

describe('the installer rpm', () => {
  it('installs exactly its packages, also older ones, and what is there already is no matter', async () => {
    await apply(rpm({ files: ['shop-2.rpm', 'libs.rpm'] }));
    expect([versionOf('shop'), versionOf('shop-libs')]).toEqual(['2.0-1', '1.5-1']);
    await apply(rpm({ files: ['libs.rpm', 'shop-2.rpm'] }));
    await apply(rpm({ files: ['shop-1.rpm'] }));
    expect(versionOf('shop')).toBe('1.0-1');
    expect(readFileSync(join(root, 'usr/share/shop/version'), 'utf8')).toBe('1.0\n');
  });

  it('repairs what is there when it is told to, and leaves it alone otherwise', async () => {
    const version = join(root, 'usr/share/shop/version');
    rmSync(version);
    await apply(rpm({ files: ['shop-1.rpm'] }));
    expect(() => readFileSync(version)).toThrow();
    await apply(rpm({ files: ['shop-1.rpm'], repair: true }));
    expect(readFileSync(version, 'utf8')).toBe('1.0\n');
  });

  it('tries them first: what cannot be installed changes nothing', async () => {
    execFileSync('rpm', [...inRoot, '-e', 'shop-libs']);
    const before = execFileSync('rpm', [...inRoot, '-qa']).toString();
    await expect(apply(rpm({ files: ['shop-2.rpm'] }))).rejects.toMatchObject({
      code: 'INSTALL.PACKAGE_FAILED',
      details: { packages: ['shop is installed 1.0-1'], exitCode: 60 },
      message: expect.stringContaining('shop-libs is needed by shop-2.0-1') as string,
    });
    expect(execFileSync('rpm', [...inRoot, '-qa']).toString()).toBe(before);
  });

  it('names the package whose own script failed', async () => {
    await expect(apply(rpm({ files: ['bad.rpm'] }))).rejects.toMatchObject({
      details: { packages: ['shop-bad is not installed'] },
      message: expect.stringContaining('the scheme is broken') as string,
    });
  });

  it('refuses what is no package', async () => {
    files['none.rpm'] = Buffer.from('no package');
    await expect(apply(rpm({ files: ['none.rpm'] }))).rejects.toMatchObject({
      message: expect.stringContaining('none.rpm is not an rpm package') as string,
    });
  });
});
