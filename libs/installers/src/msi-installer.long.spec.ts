import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '@podway/contracts';
import { ensurePackages } from '@podway/testing/fleet';
import { installingServer } from '../test/installing-server.js';
import { makeMsi, PRODUCT, type MsiContent } from '../test/msi-package.js';
import { resolveVariables } from './variables.js';

const { bundle, context, install, publish, at } = installingServer();
const folder = mkdtempSync(join(tmpdir(), 'podway-msi-'));
const prefix = join(folder, 'wine');
const env = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: '-all', DISPLAY: '' };
const wine = (...argv: string[]): string => execFileSync('wine', argv, { env, encoding: 'utf8' });
/** As an operator would make it: calls Wine's msiexec on a Windows of its own. */
const wrapper = join(folder, 'msiexec');
const programs = { msiexec: ['sh', wrapper] };
const variables = resolveVariables(
  [{ name: 'edition', default: 'pro and more' }, { name: 'none' }, { name: 'password', secret: true }],
  { server: 'server-1', values: [{ password: { env: 'PODWAY_SECRET_X' } }] },
  { environment: () => 'hunter22', file: async () => undefined },
);
const msi = (changes: Partial<Component> = {}): Component => ({
  ...{ name: 'shop', installer: 'msi', files: ['packages/shop.msi'] },
  ...changes,
});
let builds = 0;
const made = (content?: MsiContent) =>
  bundle({ 'packages/shop.msi': makeMsi(join(folder, `build-${++builds}`), content) });
const apply = async (digest: string, component: Component, ctx = context()) =>
  publish(digest, [component], ctx, { programs, variables: await variables });
const installed = join(prefix, 'drive_c/Program Files (x86)/Shop/hello.txt');
const valueOf = (name: string): string =>
  wine('reg', 'query', 'HKLM\\Software\\Acme\\Shop', '/v', name, '/reg:32')
    .match(/REG_SZ\s+(.*)/)?.[1]
    ?.trim() ?? '';

function uninstall(): void {
  // A package that wants a restart says so here, too.
  spawnSync('wine', ['msiexec', '/x', `{${PRODUCT}}`, '/qn'], { env });
  expect(existsSync(installed)).toBe(false);
}

beforeAll(async () => {
  await ensurePackages(['wine', 'wine64', 'msitools', 'wixl'], (line) => console.error(line));
  writeFileSync(wrapper, `WINEPREFIX=${prefix} WINEDEBUG=-all DISPLAY= exec wine msiexec "$@"\n`);
  wine('wineboot', '-i');
}, 300_000);
afterAll(() => {
  spawnSync('wineserver', ['-k'], { env });
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

describe('the installer msi', () => {
  it('installs a package, with variables as its properties and secrets from the environment', async () => {
    const component = msi({ properties: { EDITION: { variable: 'edition' }, UNSET: { variable: 'none' } } });
    const id = await apply(await made(), component);
    expect(readFileSync(installed, 'utf8')).toBe('hello\n');
    expect(valueOf('Edition')).toBe('pro and more');
    expect(valueOf('Password')).toBe('hunter22');
    const log = join(at().folder, 'site/.podway/logs', `${id}.shop.msi.log`);
    expect(readFileSync(log, 'utf8')).toContain('Action ended');
    expect(statSync(log).mode & 0o077).toBe(0);
  });

  it('repairs what is there when it is told to, and leaves it alone otherwise', async () => {
    const digest = await made();
    await apply(digest, msi());
    rmSync(installed);
    await apply(digest, msi({ repair: true }));
    expect(readFileSync(installed, 'utf8')).toBe('hello\n');
  });

  it('tells that a restart is wanted, and that it has succeeded', async () => {
    uninstall();
    const restart = `INSERT INTO InstallExecuteSequence (Action, Condition, Sequence) VALUES ('ScheduleReboot', '', 6700)`;
    const digest = await made({ sql: [restart] });
    const ctx = context();
    const dir = await install(digest, [msi()], ctx, { programs, variables: await variables });
    expect(dir).toContain(ctx.deploymentId);
    expect(existsSync(installed)).toBe(true);
    expect(ctx.notes).toEqual([
      'server-1: shop was installed (3010 ERROR_SUCCESS_REBOOT_REQUIRED): the server must be restarted before all of it is in use',
    ]);
  });

  it.each<[string, Component, MsiContent | undefined, string]>([
    ['a condition of its own', msi({ properties: { EDITION: 'bad' } }), {}, '1603 ERROR_INSTALL_FAILURE'],
    // Windows says 1620.
    ['a file that is none', msi(), undefined, '1627 ERROR_FUNCTION_FAILED'],
  ])('fails with the name of the code: %s', async (_, component, content, code) => {
    if (existsSync(installed)) uninstall();
    const digest = content ? await made(content) : await bundle({ 'packages/shop.msi': 'no package' });
    const error = (await apply(digest, component).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({
      code: 'INSTALL.MSI_FAILED',
      retryable: false,
      message: expect.stringContaining(code) as string,
    });
    expect(existsSync(installed)).toBe(false);
    if (content) expect(error.message).toContain('Action ended');
    expect(error.message).not.toContain('hunter22');
  });

  it.each([
    ['a secret', { EDITION: { variable: 'password' } }],
    ['a quotation mark', { EDITION: 'a"b' }],
  ])('takes no property that is or has %s', async (_, properties) => {
    await expect(apply(await made(), msi({ properties }))).rejects.toMatchObject({
      code: 'INSTALL.PROPERTY_REFUSED',
    });
  });

  it('keeps the last logs only', async () => {
    const logs = join(at().folder, 'site/.podway/logs');
    const digest = await made();
    await apply(digest, msi());
    for (let n = 0; n < 30; n += 1) writeFileSync(join(logs, `old-${n}.msi.log`), '');
    await apply(digest, msi());
    expect(readdirSync(logs)).toHaveLength(20);
  });
});
