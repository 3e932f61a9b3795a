import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeploymentDetailView } from '@podway/contracts';
import type { BundleParts } from './support/bundles.js';
import { DebianPod } from './support/debian-pod.js';
import { eventually } from './support/eventually.js';
import { Scene } from './support/scene.js';
import { ShopApp, ShopUsers } from './support/shop-app.js';

const run = promisify(execFile);
const policy = { canary: 'first' } as const;
const refusal = { status: 503, text: expect.stringMatching(/^503 ACCESS\.WRITES_FENCED: /) as string };

/** Brings the shop's database to a version: a column more, and the version in a table. */
function migration(version: string): Partial<BundleParts> {
  const sql = `alter table orders add column column${version} text; insert into versions values (${version})`;
  return {
    components: [{ name: 'database', installer: 'script', run: ['./migrate.sh'] }],
    scripts: { 'migrate.sh': `#!/bin/sh\npsql -h db -U postgres -v ON_ERROR_STOP=1 -qc "${sql}" shop\n` },
  };
}

/** The same, with a test that no server passes; it is tried for so long. */
const bad = (version: string, tries = 2): Partial<BundleParts> => ({
  ...migration(version),
  checks: [{ probe: 'http', path: '/missing', tries, intervalMs: 500 }],
});

/** One database for two servers, and users who write into it. */
describe('what users write while an update goes wrong', () => {
  let scene: Scene;
  let pod: DebianPod;
  let apps: ShopApp[];
  let users: ShopUsers;

  beforeAll(async () => {
    scene = await Scene.open();
    apps = [await ShopApp.start(), await ShopApp.start()];
    pod = await DebianPod.of(scene, {
      names: ['web1', 'web2'],
      packages: ['postgresql'],
      http: (name) => apps[name === 'web1' ? 0 : 1]!.url,
      policy,
      state: {
        driver: 'tree',
        parts: [
          {
            ...{ name: 'shop', driver: 'database', engine: 'postgresql', database: 'shop' },
            ...{ host: 'db', scope: 'pod', content: ['versions'] },
          },
        ],
      },
    });
    const [home] = pod.servers;
    await pod.all(`echo '${home!.address} db' >>/etc/hosts; pg_ctlcluster 15 main stop`);
    const settings = `cd /etc/postgresql/15/main
      echo "listen_addresses = '*'" >>postgresql.conf; echo 'host all all 198.18.0.0/15 trust' >>pg_hba.conf
      pg_ctlcluster 15 main start; su postgres -c 'createdb shop'`;
    await home!.run(['sh', '-ec', settings]);
    await ask('create table orders (id serial primary key, what text); create table versions (version int)');
    for (const app of apps) app.uses(home!.address);
    await pod.serves('1', migration('1'));
  });
  afterEach(() => users?.stop());
  afterAll(async () => {
    for (const app of apps ?? []) await app.stop();
    await pod?.stop();
    await scene?.close();
  });

  const ask = async (sql: string): Promise<string> =>
    (await pod.servers[0]!.run(['psql', '-h', 'db', '-U', 'postgres', '-Atc', sql, 'shop'])).trim();
  const orders = async () => Number(await ask('select count(*) from orders'));
  const versions = () => ask('select version from versions order by 1');
  const come = () => (users = new ShopUsers(scene.fleet.accessUrl, `${pod.name}.test`)).come();
  const inRotation = async () =>
    (await pod.publisher.pod(pod.name)).servers.filter((one) => one.inRotation).map(({ name }) => name);
  const podway = (...args: string[]) =>
    run(process.execPath, ['apps/cli/dist/main.js', ...args], {
      env: { ...process.env, PODWAY_URL: scene.admin.url, PODWAY_KEY: scene.admin.key },
    });
  const reached = (id: string, state: DeploymentDetailView['state']) =>
    eventually(state, async () => (await pod.publisher.deployment(id)).state === state);

  it('without a fence stops the roll-back, until an operator accepts that it is lost', async () => {
    users = new ShopUsers(scene.fleet.accessUrl, `${pod.name}.test`);
    expect(await users.write()).toMatchObject({ status: 200 });
    const id = await pod.publish('2', bad('2', 20));
    // The database is recorded by now, and changed in the next moments.
    await pod.publisher.reached(id, 'Installing');
    for (let count = 0; count < 3; count += 1) expect(await users.write()).toMatchObject({ status: 200 });
    const view = await pod.ended(id);
    expect(view).toMatchObject({ state: 'RollbackFailed', failure: { step: 'Verifying' } });
    expect(view.rollbackFailure).toMatchObject({ code: 'STATE.LOSS_WINDOW', server: 'web1' });
    const moment = String.raw`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`;
    expect(view.rollbackFailure?.detail).toMatch(
      new RegExp(`users have written from ${moment} to ${moment}, .*orders \\(\\+3 rows\\)`),
    );
    // Nothing was changed: the server that was never switched goes on with the database as the update left it.
    expect(await inRotation()).toEqual(['web2']);
    expect(await versions()).toBe('1\n2');
    expect(await users.write()).toMatchObject({ status: 200 });
    expect(await users.read()).toMatchObject({ status: 200 });
    expect(await orders()).toBe(5);

    expect((await podway('retry', id, '--accept-loss', '--yes')).stdout).toContain(
      'is rolled back once more',
    );
    await reached(id, 'RolledBack');
    expect(await inRotation()).toEqual(['web1', 'web2']);
    expect(await versions()).toBe('1');
    expect(await orders()).toBe(1);
    expect(await users.write()).toMatchObject({ status: 200 });
  });

  it('with a fence is nothing: writes answer 503, reads go on, the roll-back goes by itself', async () => {
    await pod.change({ policy: { ...policy, fenceWrites: true } });
    const before = await orders();
    come();
    await eventually('an order', async () => users.ordered > 0);
    expect(await pod.ended(await pod.publish('3', bad('3')))).toMatchObject({
      state: 'RolledBack',
      failure: { step: 'Verifying' },
    });
    await eventually('writes that work', async () => (await users.write()).status === 200);
    await users.stop();
    const refused = users.writes.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused).toEqual(refused.map(() => refusal));
    expect(users.reads.filter(({ status }) => status !== 200)).toEqual([]);
    // Each order that a user was told is taken is there.
    expect(await orders()).toBe(before + users.ordered);
    expect(await versions()).toBe('1');
    expect(await inRotation()).toEqual(['web1', 'web2']);
  });

  it('since a release is not lost by going back to an earlier one, unless an operator accepts that', async () => {
    await pod.serves('4', migration('4'));
    come();
    await eventually('an order', async () => users.ordered > 0);
    await users.stop();
    const refused = await pod.ended(await pod.publisher.goBack(pod.name, 1));
    expect(refused).toMatchObject({ state: 'RolledBack', failure: { code: 'STATE.LOSS_WINDOW' } });
    expect(await versions()).toBe('1\n4');
    const ran = await podway('rollback', '--pod', pod.name, '--release', '1', '--accept-loss', '--yes');
    expect(ran.stdout).toContain('Succeeded');
    expect(await versions()).toBe('1');
    expect(await inRotation()).toEqual(['web1', 'web2']);
  });
});
