import { execFile, execFileSync } from 'node:child_process';
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startLivePodway, type LivePodway } from '../test/live-podway.js';
import { podway, temporaryFolder } from '../test/run.js';
import { VERSION } from './version.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  execFileSync(process.execPath, ['tools/pack/cli.mjs', join(folder, 'packed')], { cwd: root });
  tarball = join(folder, 'packed', `podway-cli-${VERSION}.tgz`);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program in an environment of its own. */
function run(argv: readonly string[], env: Record<string, string> = {}, cwd = folder): Promise<Ended> {
  const [program = '', ...args] = argv;
  const base = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    npm_config_offline: 'true',
    npm_config_cache: join(folder, 'npm'),
  };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env: { ...base, ...env }, encoding: 'utf8' }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('the package', () => {
  it('is installed into an empty folder, and runs', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty, { recursive: true });
    expect(await run(['npm', 'install', '--silent', '--prefix', empty, tarball])).toMatchObject({ code: 0 });
    expect(await readdir(join(empty, 'node_modules', '@podway'))).toEqual(['cli']);
    const program = join(empty, 'node_modules', '.bin', 'podway');
    expect(await run([program, '--version'], {}, empty)).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
    expect((await run([program, 'publish', '--help'], {}, empty)).stdout).toContain('Usage: podway publish ');
    const licenses = await readFile(join(empty, 'node_modules/@podway/cli/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of ['commander', 'yaml', 'class-validator', 'tar-stream'])
      expect(licenses).toMatch(new RegExp(`^${name} \\d+\\.`, 'm'));
  }, 60_000);

  it('is one file, too, which needs nothing beside it', async () => {
    const alone = join(folder, 'alone');
    await mkdir(alone, { recursive: true });
    await copyFile(join(folder, 'packed', 'podway.mjs'), join(alone, 'podway.mjs'));
    const file = join(alone, 'podway.mjs');
    expect((await run([process.execPath, file, 'init', 'site'], {}, alone)).stdout).toContain(
      'site/pods.yaml',
    );
    const away = await run(
      [process.execPath, file, 'status', '--url', 'http://127.0.0.1:20001', '--key', 'k'],
      {},
      alone,
    );
    expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('podway: SDK.UNREACHABLE: ')]);
    const bad = await run(
      [process.execPath, file, 'pods', 'apply', '-f', 'podway.mjs', '--key', 'k'],
      {},
      alone,
    );
    expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('CLI.FILE_INVALID')]);
  }, 60_000);
});

interface Action {
  inputs: Record<string, { default?: string; required?: boolean }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: { id?: string; shell: string; env: Record<string, string>; run: string }[] };
}

describe('on a Podway that runs', () => {
  let live: LivePodway;
  beforeAll(async () => {
    live = await startLivePodway();
    await writeFile(join(folder, 'pods.yaml'), live.inventory);
    const env = { PODWAY_URL: live.url, PODWAY_KEY: live.adminKey };
    expect((await podway(['pods', 'apply', '-f', 'pods.yaml'], { cwd: folder, env })).code).toBe(0);
    for (const [name, text] of Object.entries({ good: 'The shop', broken: 'Out of order' })) {
      await mkdir(join(folder, name));
      const manifest = `apiVersion: podway/v1\nname: ${name}\nversion: 1.0.0\ncomponents: [{ name: site, installer: archive }]\n`;
      await writeFile(join(folder, name, 'podway.yaml'), manifest);
      await writeFile(join(folder, name, 'index.html'), text);
    }
  }, 120_000);
  afterAll(() => live?.stop());

  /** As a runner of GitHub does it, as far as the action needs it. */
  async function act(name: string, inputs: Record<string, string>, env: Record<string, string> = {}) {
    const action = parse(await readFile(join(root, 'deploy/github-action/action.yml'), 'utf8')) as Action;
    expect(action.runs.using).toBe('composite');
    const given = {
      ...Object.fromEntries(Object.entries(action.inputs).map(([key, input]) => [key, input.default])),
      ...inputs,
    };
    for (const [key, { required }] of Object.entries(action.inputs))
      if (required) expect(given[key], key).toBeDefined();
    const temp = join(folder, `runner-${name}`);
    await mkdir(temp, { recursive: true });
    const files = { RUNNER_TEMP: temp, GITHUB_OUTPUT: join(temp, 'output') };
    let ended: Ended = { code: 0, stdout: '', stderr: '' };
    for (const step of action.runs.steps) {
      expect(step.shell).toBe('bash');
      // What comes from outside is never part of a script.
      expect(step.run).not.toContain('${{');
      const own = Object.entries(step.env).map(([key, value]) => {
        const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(value)?.[1] ?? '';
        expect(Object.keys(action.inputs)).toContain(input);
        return [key, given[input] ?? ''];
      });
      const argv = ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run];
      ended = await run(argv, { ...files, ...env, ...(Object.fromEntries(own) as Record<string, string>) });
      if (ended.code !== 0) break;
    }
    return { ...ended, output: await readFile(files.GITHUB_OUTPUT, 'utf8').catch(() => '') };
  }

  it('the action of GitHub publishes, and tells how it ended', async () => {
    const inputs = {
      cli: tarball,
      url: live.url,
      key: live.adminKey,
      pod: 'shop',
      label: 'from CI; $(exit 9)',
    };
    const good = await act('good', { ...inputs, folder: 'good' });
    expect(good.code, good.stderr).toBe(0);
    expect(good.output).toMatch(/^deployment=[0-9A-Z]{26}\nstate=Succeeded\n$/);
    const broken = await act('broken', { ...inputs, folder: 'broken' });
    expect(broken.code).toBe(5);
    expect(broken.output).toMatch(/^state=RolledBack$/m);
    expect(broken.stderr).toContain('{"error":{"code":"VERIFICATION.FAILED",');
    const refused = await act('refused', { ...inputs, folder: 'good', key: 'pw_wrong' });
    expect([refused.code, refused.output]).toEqual([3, 'deployment=\nstate=\n']);
  }, 120_000);

  it("the action takes the job's token where there is no key, and hides it", async () => {
    const asked: unknown[] = [];
    const issuer = createServer((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      response.end(JSON.stringify({ value: live.adminKey }));
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token?x=1`;
    const ran = await act(
      'token',
      { cli: tarball, url: live.url, folder: 'good', pod: 'shop' },
      { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'job' },
    );
    await new Promise((resolve) => issuer.close(resolve));
    expect(ran.code, ran.stderr).toBe(0);
    expect(asked).toEqual([['/token?x=1&audience=podway', 'bearer job']]);
    expect(ran.stdout).toContain(`::add-mask::${live.adminKey}`);
  }, 120_000);

  it('the template of GitLab publishes with its own lines', async () => {
    const template = parse(await readFile(join(root, 'deploy/gitlab/podway.gitlab-ci.yml'), 'utf8')) as {
      '.podway-publish': { variables: Record<string, string>; script: string[]; id_tokens: object };
    };
    const { variables, script, id_tokens } = template['.podway-publish'];
    expect(id_tokens).toEqual({ PODWAY_ID_TOKEN: { aud: 'podway' } });
    const env = {
      ...variables,
      ...{ PODWAY_CLI: tarball, PODWAY_URL: live.url, PODWAY_ID_TOKEN: live.adminKey, PODWAY_POD: 'shop' },
      ...{ TMPDIR: join(folder, 'gitlab'), CI_PROJECT_PATH: 'acme/shop', CI_COMMIT_SHORT_SHA: '1a2b3c4d' },
    };
    await mkdir(env.TMPDIR, { recursive: true });
    const job = (folder: string) => run(['sh', '-ec', script.join('\n')], { ...env, PODWAY_FOLDER: folder });
    const good = await job('good');
    expect(good.code, good.stderr).toBe(0);
    expect(good.stdout).toContain('Succeeded as release');
    expect(good.stderr).toContain('acme/shop 1a2b3c4d is accepted');
    expect((await job('broken')).code).toBe(5);
  }, 120_000);

  it('examples of the SDK do what they say', async () => {
    const example = (name: string, ...args: string[]) =>
      run([process.execPath, join(root, 'examples', 'sdk', `${name}.mjs`), live.url, live.adminKey, ...args]);
    const good = await example('publish', join(folder, 'good'), 'shop');
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/^Installing\nVerifying\nReplicating\n(?:.*\n)*Succeeded as release \d+\n$/m);
    const broken = await example('publish', join(folder, 'broken'), 'shop');
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringContaining('RolledBack: ')]);
    expect((await example('go-back', 'shop')).stdout).toMatch(/^(Succeeded|nothing to go back to)$/m);
    const seen = await example('watch', 'shop');
    expect(seen.stdout).toMatch(/^\d+ \S+Z acme\/shop io\.podway\.update\.submitted\.v1$/m);
    expect(seen.code).toBe(0);
  }, 120_000);
});
