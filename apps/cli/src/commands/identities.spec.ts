import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestIssuer } from '@podway/testing/oidc';
import { startLivePodway, type LivePodway } from '../../test/live-podway.js';
import { podway as run, type Ran } from '../../test/run.js';

let live: LivePodway;
let issuer: TestIssuer;

beforeAll(async () => {
  live = await startLivePodway({ PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true' });
  issuer = await TestIssuer.start();
  await writeFile(join(live.folder, 'pods.yaml'), live.inventory);
  expect((await podway('pods apply -f pods.yaml')).code).toBe(0);
  await mkdir(join(live.folder, 'site'));
  const manifest =
    'apiVersion: podway/v1\nname: site\nversion: 1.0.0\ncomponents: [{ name: site, installer: archive }]\n';
  await writeFile(join(live.folder, 'site', 'podway.yaml'), manifest);
  await writeFile(join(live.folder, 'site', 'index.html'), 'The shop');
}, 120_000);
afterAll(async () => {
  await issuer?.stop();
  await live?.stop();
});

/** As the admin, or with another key. */
function podway(args: string, key = live.adminKey): Promise<Ran> {
  const env = { PODWAY_URL: live.url, PODWAY_KEY: key, NO_COLOR: '1' };
  return run(args.split(' ').filter(Boolean), { cwd: live.folder, env });
}

async function newKey(args: string): Promise<string> {
  return (await podway(`keys create ${args}`)).stdout.trim();
}

const publish = (key: string): Promise<Ran> => podway('publish site --pod shop', key);
const idIn = ({ stdout }: Ran): string => /[0-9A-Z]{26}/.exec(stdout)?.[0] ?? '';

describe('clients', () => {
  it('are made, listed, disabled and enabled', async () => {
    expect((await podway('clients create tenant --note new')).stdout).toBe('Client tenant is there.\n');
    expect((await podway('clients create tenant')).stderr).toContain('podway: CLIENT.EXISTS: ');
    const key = await newKey('--client tenant --role viewer');
    expect((await podway('clients disable tenant')).code).toBe(0);
    expect((await podway('pods list', key)).code).toBe(3);
    expect((await podway('clients list')).stdout).toMatch(/^tenant +disabled 20\d\d-\d\d-\d\d +\S+ +new$/m);
    expect((await podway('clients enable tenant')).code).toBe(0);
    expect((await podway('pods list', key)).code).toBe(0);
    expect((await podway('clients list --after acme --limit 1')).stdout).not.toMatch(/^acme/m);
    expect((await podway('clients disable nobody')).stderr).toContain('podway clients list');
  });
});

describe('variables of a client', () => {
  it('are set, shown and taken away; secrets by where they are', async () => {
    expect((await podway('clients variables list acme')).stdout).toContain('No variables of this client.');
    const set = await podway(
      'clients variables set acme edition=a=b more= --env db=PODWAY_SECRET_DB --file key=/s/key --file license=/s/x',
    );
    expect(set.code, set.stderr).toBe(0);
    const variables = {
      ...{ edition: 'a=b', more: '', db: { env: 'PODWAY_SECRET_DB' } },
      ...{ key: { file: '/s/key' }, license: { file: '/s/x' } },
    };
    const shown = async (): Promise<unknown> =>
      JSON.parse((await podway('clients variables list acme --json')).stdout).variables;
    expect(await shown()).toEqual(variables);
    expect((await podway('clients variables list acme')).stdout).toMatch(/^db +env PODWAY_SECRET_DB$/m);
    expect((await podway('clients variables unset acme more key license')).code).toBe(0);
    expect(await shown()).toEqual({ edition: 'a=b', db: { env: 'PODWAY_SECRET_DB' } });
    for (const wrong of ['set acme', 'set acme edition', 'set acme =x', 'unset acme'])
      expect((await podway(`clients variables ${wrong}`)).code, wrong).toBe(2);
    expect((await podway('clients variables set acme Edition=x')).stderr).toContain('INPUT.INVALID');
    expect((await podway('clients variables set acme --env x=DATABASE_URL')).stderr).toContain(
      'INPUT.INVALID',
    );
    expect((await podway('clients variables set nobody x=y')).stderr).toContain('CLIENT.NOT_FOUND');
  });
});

describe('keys', () => {
  it('for some PODs only are listed as such', async () => {
    const key = await newKey('--client acme --role publisher --publisher builder --pod blog news');
    expect((await podway('pods list', key)).stdout).toContain('No PODs yet.');
    const { stdout } = await podway('keys list --client acme --limit 1');
    expect(stdout).toMatch(
      new RegExp(`^${key.slice(3, 15)} +good +acme +publisher +blog news +builder +20`, 'm'),
    );
    expect(stdout).not.toContain(key.slice(16));
    await podway(`keys revoke ${key.slice(3, 15)} --yes`);
    expect((await podway('keys list --client acme')).stdout).toContain('revoked');
  });
});

describe('a third party', () => {
  it('publishes to the POD that was delegated to it, through the whole pipeline, until that is revoked', async () => {
    const key = await newKey('--client agency --role publisher');
    const before = await publish(key);
    expect([before.code, before.stderr]).toEqual([4, expect.stringContaining('podway: POD.NOT_FOUND: ')]);
    const options =
      '--client acme --pod shop --to-client agency --right publish --until 2090-01-01T00:00:00Z';
    const made = await podway(`delegations create ${options}`);
    expect(made.stdout).toMatch(/^agency may view, publish shop until 2090-.*: delegation [0-9A-Z]{26}\.$/m);
    const published = await publish(key);
    expect([published.code, published.stdout]).toEqual([0, expect.stringContaining('Succeeded')]);
    expect((await podway('status', key)).stdout).toContain('shop');
    expect((await podway('delegations list')).stdout).toMatch(/ in force +acme +shop +agency +view publish /);
    expect((await podway(`delegations revoke ${idIn(made)} --yes`)).code).toBe(0);
    expect((await publish(key)).code).toBe(4);
    expect((await podway('delegations list')).stdout).toContain('revoked');
  }, 60_000);

  it('is either a client or one publisher', async () => {
    const options = '--client acme --pod shop --right view --until 2090-01-01T00:00:00Z';
    expect((await podway(`delegations create ${options} --to-client a --to-key b`)).code).toBe(2);
    expect((await podway(`delegations create ${options}`)).stderr).toContain(
      'exactly one of toClient and toKey',
    );
  });
});

describe('a job of a CI system', () => {
  it('publishes with its token, until the trust is revoked', async () => {
    const options = `--issuer ${issuer.url} --audience podway --client acme --role publisher --pod shop`;
    const made = await podway(`trusts create ${options} --claim repository=acme/shop --claim ref=main`);
    expect(made.stdout).toContain('publisher oidc:');
    const claims = { aud: 'podway', sub: 'job', repository: 'acme/shop', ref: 'main' };
    expect((await publish(await issuer.token({ ...claims, ref: 'mine' }))).code).toBe(3);
    const published = await publish(await issuer.token(claims));
    expect([published.code, published.stdout]).toEqual([0, expect.stringContaining('Succeeded')]);
    const { stdout } = await podway('status --json');
    expect(JSON.parse(stdout).deployments[0].publisher).toBe(`oidc:${idIn(made)}`);
    expect((await podway('trusts list')).stdout).toContain('good');
    expect((await podway(`trusts revoke ${idIn(made)} --yes`)).code).toBe(0);
    expect((await publish(await issuer.token(claims))).code).toBe(3);
    expect((await podway('trusts list')).stdout).toContain('revoked');
  }, 60_000);

  it('needs a claim that is one', async () => {
    const options = `--issuer ${issuer.url} --audience podway --client acme --role publisher --claim main`;
    expect((await podway(`trusts create ${options}`)).code).toBe(2);
  });
});
