import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parse, parseDocument, stringify } from 'yaml';
import { BundleManifest, PodsFile, validated } from '@podway/contracts';
import { startLivePodway, type LivePodway } from '../../test/live-podway.js';
import { podway as run, temporaryFolder, type Ran, type RunOptions } from '../../test/run.js';

let cwd: string;
beforeEach(async () => {
  cwd = await temporaryFolder();
});
afterEach(() => rm(cwd, { recursive: true }));

const podway = (args: string, options: RunOptions = {}): Promise<Ran> =>
  run(args.split(' '), { cwd, ...options });
const textOf = (file: string): Promise<string> => readFile(join(cwd, file), 'utf8');
/** With all examples in it. */
const whole = async (file: string): Promise<string> =>
  (await textOf(file)).replace(/^#(?=[a-z-]| {2,}[a-z#-])/gm, '');

describe('podway init', () => {
  it('writes files that hold, with and without their examples', async () => {
    const ran = await podway('init My_Shop! --client acme');
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toContain('podway publish My_Shop!');
    for (const text of [await textOf('My_Shop!/podway.yaml'), await whole('My_Shop!/podway.yaml')])
      expect(validated(BundleManifest, parse(text), { strict: true })).toMatchObject({
        ...{ name: 'my-shop', target: { pod: 'my-shop' } },
        components: expect.arrayContaining([expect.objectContaining({ source: 'site' })]) as unknown,
      });
    for (const text of [await textOf('My_Shop!/pods.yaml'), await whole('My_Shop!/pods.yaml')])
      expect(validated(PodsFile, parse(text), { strict: true }).pods).toMatchObject([
        { name: 'my-shop', client: 'acme', path: '/srv/my-shop' },
      ]);
    expect(parse(await whole('My_Shop!/podway.yaml'))).toHaveProperty('prerequisites.diskFreeMb');
    expect(parse(await whole('My_Shop!/pods.yaml'))).toHaveProperty('pods.0.policy.windows');
  });

  it('takes a folder with content as it is', async () => {
    await mkdir(join(cwd, 'dist'));
    const { stdout } = await podway('init --name docs --pod live --json');
    expect(JSON.parse(stdout)).toMatchObject({
      source: 'dist',
      pod: 'live',
      files: ['podway.yaml', 'pods.yaml'],
    });
    expect(await readdir(cwd)).toEqual(['dist', 'podway.yaml', 'pods.yaml'].sort());
  });

  it('writes over nothing, unless it is told to', async () => {
    await writeFile(join(cwd, 'pods.yaml'), 'mine');
    const refused = await podway('init');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('podway: CLI.FILE_EXISTS: pods.yaml is there already');
    expect(await readdir(cwd)).toEqual(['pods.yaml']);
    expect(await textOf('pods.yaml')).toBe('mine');
    expect((await podway('init --force')).code).toBe(0);
    expect(await textOf('pods.yaml')).not.toBe('mine');
    expect((await podway('init --name Not_A_Name')).code).toBe(2);
  });
});

describe('what it writes', () => {
  let live: LivePodway;
  beforeAll(async () => {
    live = await startLivePodway();
  }, 120_000);
  afterAll(() => live?.stop());

  it('is applied, and published once the servers are real ones', async () => {
    const env = { PODWAY_URL: live.url, PODWAY_KEY: live.adminKey };
    await podway('init shop --client acme');
    expect((await podway('pods apply -f shop/pods.yaml', { env })).stdout).toMatch(/^shop +added +1$/m);
    const document = parseDocument(await textOf('shop/pods.yaml'));
    const [real] = (parse(live.inventory) as { pods: { servers: object[] }[] }).pods;
    document.setIn(['pods', 0, 'servers'], real?.servers);
    await writeFile(join(cwd, 'shop', 'pods.yaml'), stringify(document.toJS()));
    expect((await podway('pods apply -f shop/pods.yaml', { env })).stdout).toMatch(/^shop +changed +2$/m);
    const planned = await podway('plan shop', { env });
    expect(planned.stdout).toMatch(/^ {2}POD +shop of acme, no release yet$/m);
    expect(planned.stdout).toMatch(/^ {2}canary +web[12]$/m);
    for (const web of ['web1', 'web2']) expect(await readdir(join(live.folder, web))).toEqual([]);
    const ran = await podway('publish shop', { env });
    expect(ran.stdout).toContain('Succeeded as release 1');
  }, 60_000);
});
