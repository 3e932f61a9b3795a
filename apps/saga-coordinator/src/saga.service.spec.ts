import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { pino } from 'pino';
import {
  AbortRequested,
  allMessages,
  CanarySelected,
  envelop,
  parseMessage,
  PodConfirmed,
  PodResolved,
  ReleaseReplicated,
  SnapshotRestored,
  SnapshotTaken,
  UpdateAuthenticated,
  UpdateInstalled,
  UpdateSubmitted,
  VerificationFailed,
  VerificationPassed,
  type PodCommand,
  type Step,
  type StepCommand,
  type StepOutcome,
} from '@podway/contracts';
import { podwayTopology, queueOf, routed } from '@podway/messaging';
import {
  connectDatabase,
  DeploymentReader,
  EventFeed,
  migrate,
  PostgresBroker,
  type Database,
} from '@podway/persistence';
import type { RunningService } from '@podway/service-kit';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { CoordinatorSettings } from './coordinator.config.js';
import { service } from './service.js';

const TREE = 'f'.repeat(64);
const EMPTY = 'e'.repeat(64);

type Answer = (command: StepCommand) => StepOutcome | undefined;

function answer<O extends StepOutcome>(type: new () => O, rest: Omit<O, keyof StepOutcome>): Answer {
  return ({ deploymentId, step, attempt }) =>
    Object.assign(new type(), { deploymentId, step, attempt }, rest);
}

/** Workers that do nothing and succeed. */
const good: Record<Step, Answer> = {
  Authenticating: answer(UpdateAuthenticated, {}),
  Resolving: answer(PodResolved, { client: 'acme', pod: 'shop' }),
  SelectingCanary: answer(CanarySelected, { canary: 'web1', replicas: ['web2'], podRevision: 1 }),
  Snapshotting: answer(SnapshotTaken, { snapshot: { server: 'web1', fingerprint: EMPTY } }),
  Installing: (command) =>
    answer(UpdateInstalled, { treeId: command.deploymentId, fingerprint: TREE })(command),
  Verifying: answer(VerificationPassed, { fingerprint: TREE, evidence: [] }),
  Replicating: answer(ReleaseReplicated, {
    servers: [
      { name: 'web1', result: 'switched', fingerprint: TREE },
      { name: 'web2', result: 'switched', fingerprint: TREE },
    ],
    bytesSent: 0,
  }),
  Confirming: answer(PodConfirmed, { servers: [], evidence: [] }),
  RollingBack: answer(SnapshotRestored, {
    servers: [{ name: 'web1', result: 'restored', fingerprint: EMPTY }],
  }),
  ConfirmingRollback: answer(PodConfirmed, { servers: [], evidence: [] }),
};

describe('saga-coordinator', () => {
  let postgres: TestPostgres;
  let database: Database;
  let broker: PostgresBroker;
  let running: RunningService;
  let reader: DeploymentReader;
  let url: string;
  /** What each step's worker answers; tests change it. */
  let workers: Record<Step, Answer>;
  let commands: StepCommand[];

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await connectDatabase({ url });
    await migrate(database);
    broker = new PostgresBroker({ connectionString: url });
    await broker.declare(podwayTopology({ delaysMs: [50] }));
    reader = new DeploymentReader(database);
    workers = { ...good };
    const settings = Object.assign(new CoordinatorSettings(), {
      deadlinePollMs: 50,
      stepTimeoutsMs: 'Verifying=300',
      stepAttempts: 'Verifying=2',
    });
    const infrastructure = { broker, dataSource: database, databaseUrl: url } as never;
    running = await service.start({ settings, infrastructure, logger: pino({ level: 'silent' }) });
    for (const command of allMessages().filter((message) => message.kind === 'command')) {
      await broker.consume(queueOf(command), { prefetch: 8 }, async (delivery) => {
        const { payload } = parseMessage(delivery.body);
        commands.push(payload as StepCommand);
        const outcome = workers[(payload as StepCommand).step](payload as StepCommand);
        if (outcome) await broker.publish(routed(envelop(outcome, { source: 'test' })));
        return { kind: 'ack' };
      });
    }
  });
  afterAll(async () => {
    await running.stop();
    await broker.close();
    await database.destroy();
    await postgres.stop();
  });
  beforeEach(() => {
    workers = { ...good };
    commands = [];
  });

  async function submit(changes: Partial<UpdateSubmitted> = {}): Promise<string> {
    const deploymentId = ulid();
    const submitted = Object.assign(new UpdateSubmitted(), {
      updateId: ulid(),
      deploymentId,
      publisher: { key: 'k1', client: 'acme' },
      source: { kind: 'artifact', artifact: 'a'.repeat(64) },
      target: { pod: 'shop' },
      submittedAt: new Date().toISOString(),
      ...changes,
    });
    await broker.publish(routed(envelop(submitted, { source: 'test' })));
    return deploymentId;
  }

  async function tell(outcome: StepOutcome | AbortRequested): Promise<void> {
    await broker.publish(routed(envelop(outcome, { source: 'test' })));
  }

  const state = async (id: string): Promise<string | undefined> => (await reader.byId(id))?.state;
  const ends = (id: string, wanted: string): Promise<void> =>
    expect.poll(() => state(id), { timeout: 20_000, interval: 20 }).toBe(wanted);

  it('takes an update through every step and records a release', async () => {
    const id = await submit();
    await ends(id, 'Succeeded');
    expect(commands.map((command) => command.step)).toEqual([
      'Authenticating',
      'Resolving',
      'SelectingCanary',
      'Snapshotting',
      'Installing',
      'Verifying',
      'Replicating',
      'Confirming',
    ]);
    const tokens = commands.slice(2).map((command) => (command as PodCommand).fencingToken);
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(tokens.length);
    const [release] = await reader.releases('shop');
    expect(release).toMatchObject({ treeId: id, fingerprint: TREE, deploymentId: id });
  });

  it('tells all that happened, in order and without gaps', async () => {
    const id = await submit();
    await ends(id, 'Succeeded');
    const feed = new EventFeed(database, url);
    await expect
      .poll(async () => (await feed.after(0, { deploymentId: id })).at(-1)?.data, { timeout: 5_000 })
      .toMatchObject({ to: 'Succeeded' });
    const all = (await feed.after(0, {})).map((event) => Number(event.sequence));
    expect(all).toEqual(all.map((_, index) => index + 1));
    const own = await feed.after(0, { deploymentId: id });
    expect(own.map((event) => event.type.split('.').slice(2, 4).join('.'))).toEqual([
      ...['update.submitted', 'deployment.changed'],
      ...['update.authenticated', 'deployment.changed'],
      ...['pod.resolved', 'deployment.changed', 'deployment.changed'],
      ...['canary.selected', 'deployment.changed'],
      ...['snapshot.taken', 'deployment.changed'],
      ...['update.installed', 'deployment.changed'],
      ...['verification.passed', 'deployment.changed'],
      ...['release.replicated', 'deployment.changed'],
      ...['pod.confirmed', 'deployment.changed'],
    ]);
    expect(new Set(own.map((event) => event.subject))).toEqual(new Set(['acme/shop']));
  });

  it('rolls back when the verification fails, and records no release', async () => {
    const before = await reader.releases('shop');
    workers.Verifying = answer(VerificationFailed, {
      code: 'VERIFICATION.FAILED',
      detail: 'no',
      evidence: [],
    });
    const id = await submit();
    await ends(id, 'RolledBack');
    expect(commands.map((command) => command.step)).not.toContain('Replicating');
    expect(await reader.releases('shop')).toHaveLength(before.length);
  });

  it('tries a silent step again, then rolls back', async () => {
    workers.Verifying = () => undefined;
    const id = await submit();
    await ends(id, 'RolledBack');
    const attempts = commands
      .filter((command) => command.step === 'Verifying')
      .map((command) => command.attempt);
    expect(attempts).toEqual([1, 2]);
    expect((await reader.byId(id))?.data).toMatchObject({ failure: { code: 'STEP.TIMED_OUT' } });
  });

  it('gives a POD to one deployment at a time, first in first out', async () => {
    workers.Installing = () => undefined;
    const first = await submit();
    await ends(first, 'Installing');
    const rest = [await submit(), await submit(), await submit()];
    for (const id of rest) await ends(id, 'Queued');
    workers = { ...good };
    const install = commands.find(
      (command) => command.deploymentId === first && command.step === 'Installing',
    );
    const outcome = install && good.Installing(install);
    if (outcome) await tell(outcome);
    for (const id of [first, ...rest]) await ends(id, 'Succeeded');
    const order = commands
      .filter((command) => command.step === 'Confirming')
      .map((command) => command.deploymentId);
    expect(order).toEqual([first, ...rest]);
  });

  it('takes each message once, however often it comes', async () => {
    workers.Installing = () => undefined;
    const id = await submit();
    await ends(id, 'Installing');
    const command = commands.find((one) => one.step === 'Installing');
    if (!command) throw new Error('No command came');
    const outcome = good.Installing(command);
    if (!outcome) throw new Error('No outcome');
    const message = routed(envelop(outcome, { source: 'test' }));
    for (let times = 0; times < 5; times += 1) await broker.publish(message);
    for (let times = 0; times < 5; times += 1) await tell(outcome);
    await ends(id, 'Succeeded');
    expect(commands.filter((one) => one.step === 'Verifying')).toHaveLength(1);
  });

  it('aborts: a waiting update at once, an installed one by a roll-back', async () => {
    workers.Verifying = () => undefined;
    const first = await submit();
    await ends(first, 'Verifying');
    const second = await submit();
    await ends(second, 'Queued');
    await tell(Object.assign(new AbortRequested(), { deploymentId: second, by: 'k1' }));
    await ends(second, 'Aborted');
    await tell(
      Object.assign(new AbortRequested(), { deploymentId: first, by: 'k1', reason: 'wrong prices' }),
    );
    await ends(first, 'Aborted');
    expect(commands.some((one) => one.step === 'RollingBack' && one.deploymentId === first)).toBe(true);
  });

  it('begins an accepted update whose message was lost', async () => {
    const id = ulid();
    await database.query(
      `insert into ingress.updates (id, deployment_id, client, key_id, pod, source, request_digest, created_at)
       values ($1, $2, 'acme', 'k1', 'shop', $3, 'x', now() - interval '2 minutes')`,
      [ulid(), id, JSON.stringify({ kind: 'artifact', artifact: 'a'.repeat(64) })],
    );
    await ends(id, 'Succeeded');
  });
});
