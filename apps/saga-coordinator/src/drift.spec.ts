import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  CheckRequested,
  PodChecked,
  PodSpec,
  validated,
  type CheckPod,
  type PodCommand,
  type PolicySpec,
  type ServerLook,
} from '@podway/contracts';
import { DriftReader, Inventory, PodPauses, ReleaseMarks, Rotation } from '@podway/persistence';
import { TREE, useCoordinator } from '../test/coordinator-scene.js';

const scene = useCoordinator();
const { submit, tell, ends } = scene;
const OTHER = 'd'.repeat(64);
const LONG = { timeout: 20_000, interval: 20 };

let pod: string;
beforeEach(() => {
  pod = `pod-${ulid().toLowerCase()}`;
});

async function inventory(policy: PolicySpec = {}): Promise<void> {
  const spec = validated(PodSpec, {
    ...{ name: pod, client: 'acme', path: '/srv/x', state: { driver: 'tree' }, policy },
    servers: ['web1', 'web2'].map((name) => ({ name, local: true, http: 'http://127.0.0.1:9' })),
  });
  await new Inventory(scene.database).apply([spec], 'test');
}

/** The POD gets a release. */
async function released(): Promise<string> {
  const id = await submit({ target: { pod } });
  await ends(id, 'Succeeded');
  return id;
}

const inSync = (name: string): ServerLook => ({ name, finding: 'in-sync', fingerprint: TREE });
const drifted = (name: string, fingerprint = OTHER): ServerLook => ({
  ...{ name, finding: 'drifted', fingerprint },
  changes: {
    tree: { added: 0, changed: 1, removed: 0, more: false, entries: [{ change: 'changed', path: 'x' }] },
  },
});

const finding =
  (...servers: ServerLook[]) =>
  ({ lookId, pod: name, expected: { release } }: CheckPod): PodChecked | undefined =>
    name === pod ? Object.assign(new PodChecked(), { lookId, pod: name, release, servers }) : undefined;

const looksAt = (): CheckPod[] => scene.looks.filter((look) => look.pod === pod);
const check = () => new DriftReader(scene.database).check(pod);
const status = (server: string) =>
  scene.reader.serverStatus(pod).then((rows) => rows.find((row) => row.server === server));

async function ask(deep = false): Promise<string> {
  const lookId = ulid();
  await tell(Object.assign(new CheckRequested(), { lookId, pod, deep, by: 'k1' }));
  return lookId;
}

async function lookedAt(...servers: ServerLook[]): Promise<void> {
  scene.found = finding(...servers);
  const id = await ask();
  await expect.poll(async () => (await check())?.lastLookId, LONG).toBe(id);
}

async function events(): Promise<string[]> {
  const rows: { type: string; data: { server?: string } }[] = await scene.database.query(
    `select type, envelope->'data' as data from coordinator.event_log where pod = $1
      and type like any(array['io.podway.server.%', 'io.podway.healing.%']) order by id`,
    [pod],
  );
  return rows.map(({ type, data }) => `${type.slice(10, -3)} ${data.server ?? ''}`.trim());
}

const deployments = () => scene.reader.list({ pod });

describe('looking', () => {
  it('is done when it is time, at the release that the servers should be on', async () => {
    await inventory({ drift: { everyMs: 1_000 } });
    scene.found = finding(inSync('web1'), inSync('web2'));
    const treeId = await released();
    await expect.poll(() => looksAt().length, LONG).toBeGreaterThan(1);
    expect(looksAt()[0]).toMatchObject({
      ...{ client: 'acme', podRevision: 1, stateRevision: 1, deep: false },
      expected: { release: 1, treeId, fingerprint: TREE },
    });
    expect(await status('web2')).toMatchObject({
      finding: 'in-sync',
      driftedSince: null,
      liveFingerprint: TREE,
    });
    expect(await events()).toEqual([]);
    expect(await deployments()).toHaveLength(1);
  });

  it('is done at once when somebody asks, also where the policy is off', async () => {
    await inventory({ drift: { everyMs: 1_000, on: 'off' } });
    await released();
    scene.found = finding(inSync('web1'), inSync('web2'));
    const id = await ask(true);
    await expect.poll(async () => (await check())?.lastLookId, LONG).toBe(id);
    expect(await check()).toMatchObject({ lastDeep: true, healsInVain: 0, stopped: null });
    expect(looksAt()).toMatchObject([{ lookId: id, deep: true }]);
  });

  it('tells a drift once, and again when it has changed or has ended', async () => {
    await inventory();
    await released();
    await lookedAt(inSync('web1'), drifted('web2'));
    await lookedAt(inSync('web1'), drifted('web2'));
    const since = (await status('web2'))?.driftedSince;
    expect(await events()).toEqual(['server.drifted web2']);
    await lookedAt(inSync('web1'), { name: 'web2', finding: 'unreachable', code: 'HOST.UNREACHABLE' });
    expect(await status('web2')).toMatchObject({ finding: 'unreachable', driftedSince: since });
    await lookedAt(inSync('web1'), drifted('web2', 'c'.repeat(64)));
    expect(await status('web2')).toMatchObject({
      ...{ finding: 'drifted', driftedSince: since, liveFingerprint: 'c'.repeat(64) },
      changes: { tree: { changed: 1 } },
    });
    await lookedAt(inSync('web1'), inSync('web2'));
    expect(await status('web2')).toMatchObject({ finding: 'in-sync', driftedSince: null, changes: null });
    expect(await events()).toEqual(['server.drifted web2', 'server.drifted web2', 'server.in-sync web2']);
    // The policy says report: nothing was begun, and nobody was taken out of rotation.
    expect(await deployments()).toHaveLength(1);
    expect(await new Rotation(scene.database).inRotation(pod, ['web1', 'web2'])).toEqual(['web1', 'web2']);
  });

  it('does not count when a deployment had the POD in between, and is made again', async () => {
    await inventory();
    await released();
    scene.found = () => undefined;
    const id = await ask();
    await expect.poll(() => looksAt().length, LONG).toBe(1);
    await released();
    const [late] = looksAt();
    scene.found = finding(inSync('web1'), inSync('web2'));
    await tell(finding(inSync('web1'), drifted('web2'))(late as CheckPod) as PodChecked);
    await expect.poll(async () => (await check())?.lastLookId, LONG).toBe(id);
    expect(looksAt().map(({ expected }) => expected.release)).toEqual([1, 2]);
    expect(await events()).toEqual([]);
  });

  it('is not begun while a deployment has the POD', async () => {
    await inventory();
    await released();
    const { Installing: install } = scene.workers;
    scene.workers.Installing = () => undefined;
    const running = await submit({ target: { pod } });
    await ends(running, 'Installing');
    const id = await ask();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(looksAt()).toEqual([]);
    scene.found = finding(inSync('web1'), inSync('web2'));
    const command = await scene.commanded(running, 'Installing');
    await tell(install(command) as object);
    await ends(running, 'Succeeded');
    await expect.poll(async () => (await check())?.lastLookId, LONG).toBe(id);
  });
});

describe('healing', () => {
  it('is an update to the own release; the drifted server takes no accesses until it is proved', async () => {
    await inventory({ drift: { on: 'heal' } });
    const treeId = await released();
    const { Replicating: replicate } = scene.workers;
    scene.workers.Replicating = () => undefined;
    await lookedAt(inSync('web1'), drifted('web2'));
    await expect.poll(async () => (await deployments()).length, LONG).toBe(2);
    const [heal] = await deployments();
    expect(heal?.data).toMatchObject({
      publisher: { key: 'podway', client: 'acme' },
      source: { kind: 'release', release: 1, treeId, fingerprint: TREE, artifact: 'a'.repeat(64) },
      reason: 'not on release 1: web2',
    });
    const id = heal?.id ?? '';
    const command = await scene.commanded(id, 'Replicating');
    expect(await status('web2')).toMatchObject({ quarantined: true });
    expect((await new Rotation(scene.database).view()).out).toContain(`${pod}/web2`);
    scene.found = finding(inSync('web1'), inSync('web2'));
    // As the replicator does at the switch.
    const { fencingToken } = command as PodCommand;
    await new Rotation(scene.database).set(pod, new Map([['web2', true]]), fencingToken);
    await tell(replicate(command) as object);
    await ends(id, 'Succeeded');
    // It is looked at again at once, and found well.
    await expect.poll(async () => (await status('web2'))?.finding, LONG).toBe('in-sync');
    expect(await status('web2')).toMatchObject({ quarantined: false, driftedSince: null });
    expect(await check()).toMatchObject({ healsInVain: 0, stopped: null });
    expect(await scene.reader.currentReleases([pod])).toMatchObject([
      { number: 2, sourceRelease: 1, publisher: 'podway' },
    ]);
    expect(await events()).toEqual(['server.drifted web2', 'server.in-sync web2']);
  });

  it('ends when it does not help, and says so once', async () => {
    await inventory({ drift: { on: 'heal', everyMs: 1_000 } });
    await released();
    scene.found = finding(inSync('web1'), drifted('web2'));
    await ask();
    await expect.poll(async () => (await check())?.stopped, LONG).toContain('3 times in a row');
    const looks = looksAt().length;
    await expect.poll(() => looksAt().length, LONG).toBeGreaterThan(looks + 1);
    expect(await deployments()).toHaveLength(4);
    expect((await events()).filter((event) => event === 'healing.stopped')).toHaveLength(1);
  }, 60_000);

  it("never takes the place of somebody's update, and gives way to it", async () => {
    await inventory({ drift: { on: 'heal' }, queue: { supersede: 'latest' } });
    await released();
    await new PodPauses(scene.database).pause(pod, 'k1');
    await lookedAt(inSync('web1'), drifted('web2'));
    await expect.poll(async () => (await deployments())[0]?.state, LONG).toBe('Queued');
    const [heal] = await deployments();
    // Accepted before the heal was begun, known only now.
    const submittedAt = new Date(Date.now() - 60_000).toISOString();
    const update = await submit({ target: { pod }, submittedAt });
    await ends(heal?.id ?? '', 'Superseded');
    expect(await scene.state(update)).toBe('Queued');
    await new PodPauses(scene.database).resume(pod);
    scene.found = finding(inSync('web1'), inSync('web2'));
    await ends(update, 'Succeeded');
  });

  it('is not done from a release that is marked bad', async () => {
    await inventory({ drift: { on: 'heal' } });
    await released();
    await new ReleaseMarks(scene.database).mark(pod, 1, 'k1', 'leaks');
    await lookedAt(inSync('web1'), drifted('web2'));
    expect(await check()).toMatchObject({ stopped: expect.stringContaining('marked bad') as string });
    expect(await deployments()).toHaveLength(1);
  });

  it('a server out of rotation that answers again catches up, whatever the policy says of drift', async () => {
    await inventory();
    await released();
    await new Rotation(scene.database).set(pod, new Map([['web2', false]]), 1_000);
    await scene.database.query('update coordinator.pod_counters set fencing_token = 1000 where pod = $1', [
      pod,
    ]);
    scene.found = finding(inSync('web1'), { name: 'web2', finding: 'unreachable', code: 'HOST.UNREACHABLE' });
    await expect.poll(() => looksAt().length, LONG).toBeGreaterThan(1);
    expect(await deployments()).toHaveLength(1);
    scene.found = finding(inSync('web1'), drifted('web2'));
    await expect.poll(async () => (await deployments()).length, LONG).toBe(2);
    const [heal] = await deployments();
    scene.found = finding(inSync('web1'), inSync('web2'));
    await ends(heal?.id ?? '', 'Succeeded');
    // Rotation itself is the workers' to change: here nobody does.
    await new Rotation(scene.database).set(pod, new Map([['web2', true]]), 2_000);
  });
});
