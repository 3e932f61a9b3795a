import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  AbortRequested,
  ApprovalGranted,
  ApprovalRefused,
  CanaryLost,
  CanarySelected,
  UpdateSubmitted,
  validated,
  VerificationFailed,
  PodDiverged,
  PodSpec,
  type PolicySpec,
  type Step,
  type StepCommand,
  type UpdateMode,
} from '@podway/contracts';
import { Inventory, PodPauses } from '@podway/persistence';
import { answer, good, useCoordinator, type Answer } from '../test/coordinator-scene.js';

const scene = useCoordinator();
const { submit, tell, ends, commanded } = scene;

/** PODs of this test alone. */
let pods: Record<'eu' | 'us' | 'asia', string>;
/** Ids for its deployments: known before the first worker sees a command. */
let [one, two, three] = ['', '', ''];
beforeEach(() => {
  [one, two, three] = [ulid(), ulid(), ulid()];
  const id = ulid().toLowerCase();
  pods = { eu: `eu-${id}`, us: `us-${id}`, asia: `asia-${id}` };
});

const to = (pod: string) => ({ target: { pod } });
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

async function policy(pod: string, policy: PolicySpec): Promise<void> {
  const spec = validated(PodSpec, {
    ...{ name: pod, client: 'acme', path: '/srv/x', state: { driver: 'tree' } },
    servers: ['web1', 'web2'].map((name) => ({ name, local: true, http: 'http://127.0.0.1:9' })),
    policy,
  });
  await new Inventory(scene.database).apply([spec], 'test');
}

/** One update of several PODs, by the ids of its deployments, in their order. */
async function submitTo(mode: UpdateMode, pods: Record<string, string>): Promise<void> {
  const updateId = ulid();
  const submittedAt = new Date().toISOString();
  const all = Object.entries(pods);
  await Promise.all(
    all.map(([deploymentId, pod], position) =>
      submit({
        ...{ updateId, deploymentId, submittedAt, ...to(pod) },
        group: { mode, size: all.length, position },
      }),
    ),
  );
}

const stepsOf = (id: string): Step[] =>
  scene.commands.filter((command) => command.deploymentId === id).map(({ step }) => step);

/** Lets one step of one deployment go wrong, or stay silent. */
function but(step: Step, id: string, other: Answer): void {
  scene.workers[step] = (command: StepCommand) =>
    command.deploymentId === id ? other(command) : good[step](command);
}

const silent: Answer = () => undefined;
const failing = answer(VerificationFailed, { code: 'VERIFICATION.FAILED', detail: 'no', evidence: [] });

describe('an update of PODs that go together or not at all', () => {
  it('replicates nowhere before all canaries have passed, and counts nowhere before all are confirmed', async () => {
    but('Installing', three, silent);
    await submitTo('all-or-nothing', { [one]: pods.eu, [two]: pods.us, [three]: pods.asia });
    await ends(one, 'AwaitingCanaries');
    await ends(two, 'AwaitingCanaries');
    await commanded(one, 'AwaitingCanaries');
    expect(scene.commands.map(({ step }) => step)).not.toContain('Replicating');
    scene.workers = { ...good };
    but('Confirming', three, silent);
    await tell(good.Installing(await commanded(three, 'Installing'))!);
    await ends(one, 'AwaitingPods');
    await ends(two, 'AwaitingPods');
    expect(await scene.reader.releases(pods.eu)).toEqual([]);
    await tell(good.Confirming(await commanded(three, 'Confirming'))!);
    for (const id of [one, two, three]) await ends(id, 'Succeeded');
    expect((await scene.reader.releases(pods.eu)).map(({ deploymentId }) => deploymentId)).toEqual([one]);
  });

  it('rolls all back when one canary does not pass', async () => {
    but('Installing', two, silent);
    but('Verifying', two, failing);
    await submitTo('all-or-nothing', { [one]: pods.eu, [two]: pods.us });
    await ends(one, 'AwaitingCanaries');
    await tell(good.Installing(await commanded(two, 'Installing'))!);
    await ends(two, 'RolledBack');
    await ends(one, 'Aborted');
    expect(stepsOf(one)).toContain('RollingBack');
    expect(scene.commands.map(({ step }) => step)).not.toContain('Replicating');
    expect((await scene.reader.byId(one))?.data).toMatchObject({
      abort: { by: two, reason: expect.stringContaining(pods.us) as string },
    });
  });

  it('rolls back also those that hold the release already', async () => {
    const diverged = { code: 'CONFIRMATION.DIVERGED', detail: 'no' } as const;
    but('Confirming', two, silent);
    await submitTo('all-or-nothing', { [one]: pods.eu, [two]: pods.us });
    await ends(one, 'AwaitingPods');
    await tell(
      answer(PodDiverged, { ...diverged, servers: [], evidence: [] })(await commanded(two, 'Confirming'))!,
    );
    await ends(two, 'RolledBack');
    await ends(one, 'Aborted');
    expect(stepsOf(one)).toEqual(expect.arrayContaining(['Confirming', 'RollingBack']));
    expect(await scene.reader.releases(pods.eu)).toEqual([]);
  });

  it('begins nowhere while one of its PODs is busy or paused', async () => {
    scene.workers.Installing = silent;
    const busy = await submit(to(pods.us));
    await ends(busy, 'Installing');
    await submitTo('all-or-nothing', { [one]: pods.eu, [two]: pods.us });
    await ends(one, 'Queued');
    await ends(two, 'Queued');
    const pauses = new PodPauses(scene.database);
    await pauses.pause(pods.us, 'k1');
    await tell(Object.assign(new AbortRequested(), { deploymentId: busy, by: 'k1' }));
    await ends(busy, 'Aborted');
    scene.workers = { ...good };
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await scene.state(one)).toBe('Queued');
    await pauses.resume(pods.us);
    for (const id of [one, two]) await ends(id, 'Succeeded');
  });

  it('of which two name the same PODs the other way round, both end', async () => {
    const four = ulid();
    await submitTo('all-or-nothing', { [one]: pods.eu, [two]: pods.us });
    await submitTo('all-or-nothing', { [three]: pods.us, [four]: pods.eu });
    for (const id of [one, two, three, four]) await ends(id, 'Succeeded');
  });
});

describe('an update of several PODs in order', () => {
  it('begins with the next when the one before has succeeded', async () => {
    const ids = [one, two, three];
    await submitTo('in-order', { [one]: pods.eu, [two]: pods.us, [three]: pods.asia });
    for (const id of ids) await ends(id, 'Succeeded');
    const ends3 = scene.commands
      .filter(({ step }) => step === 'SelectingCanary' || step === 'Confirming')
      .map(({ deploymentId, step }) => `${ids.indexOf(deploymentId)} ${step}`);
    expect(ends3).toEqual([0, 1, 2].flatMap((n) => [`${n} SelectingCanary`, `${n} Confirming`]));
  });

  it('ends after the first that does not', async () => {
    but('Verifying', two, failing);
    await submitTo('in-order', { [one]: pods.eu, [two]: pods.us, [three]: pods.asia });
    await ends(one, 'Succeeded');
    await ends(two, 'RolledBack');
    await ends(three, 'Aborted');
    expect(stepsOf(three)).toEqual(['Authenticating', 'Resolving']);
  });
});

describe('an update that waits', () => {
  it('begins once its POD is resumed', async () => {
    const pauses = new PodPauses(scene.database);
    await pauses.pause(pods.eu, 'k1', 'audit');
    const id = await submit(to(pods.eu));
    await ends(id, 'Queued');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await scene.state(id)).toBe('Queued');
    await pauses.resume(pods.eu);
    await ends(id, 'Succeeded');
  });

  it('begins when the freeze is over, unless it is urgent', async () => {
    const frozenFor = (ms: number): Promise<void> =>
      policy(pods.eu, { windows: { freeze: [{ from: ago(60_000), to: ago(-ms), reason: 'sale' }] } });
    await frozenFor(60_000);
    const urgent = await submit({ ...to(pods.eu), urgent: true });
    await ends(urgent, 'Succeeded');
    const id = await submit(to(pods.eu));
    await ends(id, 'Queued');
    const thawed = Date.now() + 1_000;
    await frozenFor(1_000);
    await ends(id, 'Succeeded');
    expect(Date.now()).toBeGreaterThan(thawed);
  });

  it('makes place for a newer one, where the POD wants it so', async () => {
    await policy(pods.eu, { queue: { supersede: 'latest' } });
    scene.workers.Installing = silent;
    const running = await submit(to(pods.eu));
    await ends(running, 'Installing');
    const older = await submit(to(pods.eu));
    await ends(older, 'Queued');
    const newer = await submit(to(pods.eu));
    await ends(older, 'Superseded');
    expect((await scene.reader.byId(older))?.data).toMatchObject({ supersededBy: newer });
    scene.workers = { ...good };
    await tell(Object.assign(new AbortRequested(), { deploymentId: running, by: 'k1' }));
    await ends(newer, 'Succeeded');
  });

  it('stays where the POD wants all to be done', async () => {
    const ids = [await submit(to(pods.us)), await submit(to(pods.us)), await submit(to(pods.us))];
    for (const id of ids) await ends(id, 'Succeeded');
  });
});

describe('a POD that wants an approval', () => {
  const wanting = (approvalTimeoutMs: number): void => {
    scene.workers.SelectingCanary = answer(CanarySelected, {
      ...{ canary: 'web1', replicas: ['web2'], podRevision: 1, approvalTimeoutMs },
    });
  };

  it('goes on when somebody approves', async () => {
    wanting(60_000);
    const id = await submit(to(pods.eu));
    await ends(id, 'AwaitingApproval');
    await commanded(id, 'AwaitingApproval');
    expect(stepsOf(id)).not.toContain('Replicating');
    await tell(Object.assign(new ApprovalGranted(), { deploymentId: id, by: 'k2' }));
    await ends(id, 'Succeeded');
    expect((await scene.reader.byId(id))?.data).toMatchObject({ approvedBy: 'k2' });
  });

  it('rolls back when somebody refuses, when nobody answers, and when the canary is lost', async () => {
    wanting(60_000);
    const refused = await submit(to(pods.eu));
    await ends(refused, 'AwaitingApproval');
    await tell(Object.assign(new ApprovalRefused(), { deploymentId: refused, by: 'k2', reason: 'ugly' }));
    await ends(refused, 'RolledBack');

    wanting(700);
    const expired = await submit(to(pods.us));
    await ends(expired, 'RolledBack');
    expect((await scene.reader.byId(expired))?.data).toMatchObject({ failure: { code: 'APPROVAL.EXPIRED' } });

    wanting(60_000);
    scene.workers.AwaitingApproval = answer(CanaryLost, { code: 'STATE.WATCHDOG_FIRED', detail: 'no' });
    const lost = await submit(to(pods.asia));
    await ends(lost, 'RolledBack');
    expect((await scene.reader.byId(lost))?.data).toMatchObject({
      failure: { code: 'STATE.WATCHDOG_FIRED' },
    });
  });
});

it('an accepted update of several PODs whose messages were lost begins as one', async () => {
  const id = ulid();
  const ids = [ulid(), ulid()];
  for (const [position, deployment] of ids.entries()) {
    await scene.database.query(
      `insert into ingress.updates
         (id, deployment_id, position, size, mode, client, key_id, pod, source, request_digest, created_at)
       values ($1, $2, $3, 2, 'all-or-nothing', 'acme', 'k1', $4, $5, 'x', now() - interval '2 minutes')`,
      [
        ...[id, deployment, position, [pods.eu, pods.us][position]],
        JSON.stringify({ kind: 'artifact', artifact: 'a'.repeat(64) }),
      ],
    );
  }
  for (const one of ids) await ends(one, 'Succeeded');
  expect(validated(UpdateSubmitted, { ...(await scene.reader.byId(ids[0]!))?.data }).group).toEqual({
    ...{ mode: 'all-or-nothing', size: 2, position: 0 },
  });
});
