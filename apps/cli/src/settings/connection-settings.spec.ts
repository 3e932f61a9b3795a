import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/run.js';
import { connectionSettings, DEFAULT_URL } from './connection-settings.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, '.podway'));
  await mkdir(join(folder, '.config', 'podway'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const settings = (given: { url?: string; key?: string } = {}, env: Record<string, string> = {}) =>
  connectionSettings(given, { env, cwd: folder, home: folder });
const config = async (content: string, mode = 0o600): Promise<void> => {
  const file = join(folder, '.config', 'podway', 'config.json');
  await writeFile(file, content);
  await chmod(file, mode);
};

it('goes by the command line, then the environment, then the file, then this machine', async () => {
  await writeFile(join(folder, '.podway', 'admin.key'), 'local\n');
  expect(await settings()).toEqual({ url: DEFAULT_URL, key: 'local' });
  await config('{"url":"https://podway.example/","key":"configured"}');
  expect(await settings()).toEqual({ url: 'https://podway.example', key: 'configured' });
  const env = { PODWAY_URL: 'http://env.example', PODWAY_KEY: 'env' };
  expect(await settings({}, env)).toEqual({ url: 'http://env.example', key: 'env' });
  expect(await settings({ key: 'given' }, env)).toEqual({ url: 'http://env.example', key: 'given' });
  expect(await settings({}, { PODWAY_URL: '', PODWAY_KEY: '' })).toMatchObject({ key: 'configured' });
});

it('sends the configured key only to the configured address', async () => {
  await config('{"url":"https://podway.example","key":"configured"}');
  await expect(settings({ url: 'https://evil.example' })).rejects.toMatchObject({ code: 'CLI.NO_KEY' });
});

it('refuses a file that others can read, or that is wrong', async () => {
  await config('{"key":"k"}', 0o644);
  await expect(settings()).rejects.toMatchObject({ code: 'CLI.CONFIG_INVALID' });
  await config('{');
  await expect(settings()).rejects.toMatchObject({ code: 'CLI.CONFIG_INVALID' });
  await config('{"key":7}');
  await expect(settings()).rejects.toMatchObject({ code: 'CLI.CONFIG_INVALID' });
});

it.each(['nowhere', 'ftp://x', 'http://'])('refuses the address %s', async (url) => {
  await expect(settings({ url, key: 'k' })).rejects.toMatchObject({ code: 'CLI.USAGE' });
});
