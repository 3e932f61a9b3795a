import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { podway as run, temporaryFolder, type Ran, type RunOptions } from '../../test/run.js';

const KEY = 'pw_abcdefghijkl_secret';
let home: string;
let server: Server;
let url: string;

beforeEach(async () => {
  home = await temporaryFolder();
  // As much of Podway as a login needs: it takes one key.
  server = createServer((request, response) => {
    const known = request.headers.authorization === `Bearer ${KEY}`;
    const type = known ? 'application/json' : 'application/problem+json';
    response.writeHead(known ? 200 : 401, { 'content-type': type });
    response.end(
      JSON.stringify(known ? { pods: [] } : { status: 401, code: 'AUTH.INVALID_KEY', detail: 'no' }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(home, { recursive: true });
});

const podway = (args: string, options: RunOptions = {}): Promise<Ran> =>
  run(args.split(' '), { home, cwd: home, ...options });
const file = (name = 'config.json'): string => join(home, '.config', 'podway', name);

describe('podway login', () => {
  it('keeps URL and key, for its owner only, and later calls use them', async () => {
    const ran = await podway(`login ${url}/ --key-stdin`, { stdin: `${KEY}\n` });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('as pw_abcdefghijkl; it may see 0 PODs');
    expect(ran.stdout).not.toContain('secret');
    expect(JSON.parse(await readFile(file(), 'utf8'))).toEqual({ url, key: KEY });
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, '.config', 'podway'))).mode & 0o777).toBe(0o700);
    expect((await podway('pods list')).stdout).toContain('No PODs yet.');
  });

  it('replaces what others could read', async () => {
    await mkdir(join(home, '.config', 'podway'), { recursive: true });
    await writeFile(file(), '{}', { mode: 0o644 });
    expect((await podway(`login ${url} --key-stdin`, { stdin: KEY })).code).toBe(0);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
    expect(await readdir(join(home, '.config', 'podway'))).toEqual(['config.json']);
  });

  it('keeps nothing that Podway does not take', async () => {
    const ran = await podway(`login ${url} --key-stdin`, { stdin: 'pw_wrong' });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain('podway: AUTH.INVALID_KEY: ');
    await expect(stat(file())).rejects.toThrow('ENOENT');
    expect((await podway('login http://127.0.0.1:20001 --key-stdin', { stdin: KEY })).code).toBe(1);
  });

  it('asks on a terminal', async () => {
    const ran = await podway('login', { columns: 80, answers: [url, KEY] });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain(`API key for ${url}: `);
    expect((await podway('pods list')).code).toBe(0);
  });

  it.each([
    ['login', {}],
    ['login http://127.0.0.1:20001', {}],
    ['login http://127.0.0.1:20001 --no-input', { columns: 80, answers: ['pw_x'] }],
    ['login http://127.0.0.1:20001 --key-stdin', { stdin: ' \n' }],
    ['login http://127.0.0.1:20001 --key-stdin --profile ../x', { stdin: KEY }],
    ['pods list --profile nobody', {}],
  ])('tells what is wrong: %s', async (args, options) => {
    expect((await podway(args, options)).code).toBe(2);
  });

  it('keeps several, by name, and forgets them', async () => {
    await podway(`login http://127.0.0.1:20001 --key-stdin`, { stdin: KEY });
    await podway(`login ${url} --key-stdin --profile live`, { stdin: KEY });
    expect((await podway('pods list --profile live')).code).toBe(0);
    // What is named on the command line comes before the environment; the environment's profile comes after.
    const env = { PODWAY_URL: 'http://127.0.0.1:20001', PODWAY_KEY: 'other', PODWAY_PROFILE: 'live' };
    expect((await podway('pods list --profile live', { env })).code).toBe(0);
    expect((await podway('pods list', { env })).code).toBe(1);
    expect((await podway('pods list', { env: { PODWAY_PROFILE: 'live' } })).code).toBe(0);
    const { stdout } = await podway('login --list --profile live');
    expect(stdout).not.toContain('secret');
    expect(stdout).toMatch(new RegExp(`^live \\* +${url} +pw_abcdefghijkl$`, 'm'));
    expect((await podway('logout --profile live --json')).stdout).toContain('"removed": true');
    expect((await podway('pods list --profile live')).stderr).toContain('podway: CLI.NO_PROFILE: ');
  });

  it('does not show the key that is typed', async () => {
    const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    const typed = spawn('script', ['-qec', `'${process.execPath}' '${program}' login ${url}`, '/dev/null'], {
      env: { PATH: process.env.PATH, HOME: home, TERM: 'xterm' },
    });
    let screen = '';
    let sent = false;
    typed.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      if (sent || !screen.includes('API key for')) return;
      sent = true;
      typed.stdin.write(`${KEY}\r`);
    });
    const code = await new Promise((resolve) => typed.once('close', resolve));
    expect(screen).toContain('Signed in at');
    expect(code).toBe(0);
    expect(screen).not.toContain('secret');
  }, 30_000);
});
