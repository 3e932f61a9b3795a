import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { ulid } from 'ulid';
import { pino } from 'pino';
import {
  allMessages,
  CheckPod,
  type PodChecked,
  CanaryHeld,
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
  VerificationPassed,
  type ResolvePod,
  type Step,
  type StepCommand,
  type StepOutcome,
} from '@podway/contracts';
import { podwayTopology, queueOf, routed } from '@podway/messaging';
import {
  connectDatabase,
  DeploymentReader,
  migrate,
  PostgresBroker,
  type Database,
} from '@podway/persistence';
import type { RunningService } from '@podway/service-kit';
import { MetricsRegistry, unwatched } from '@podway/telemetry';
import { startPostgres, type TestPostgres } from '@podway/testing/postgres';
import { CoordinatorSettings } from '../src/coordinator.config.js';
import { service } from '../src/service.js';

/** Fingerprint of every new state. */
export const TREE = 'f'.repeat(64);
const EMPTY = 'e'.repeat(64);

export type Answer = (command: StepCommand) => StepOutcome | undefined;

/** An outcome of the command. */
export function answer<O extends StepOutcome>(type: new () => O, rest: Omit<O, keyof StepOutcome>): Answer {
  return ({ deploymentId, step, attempt }) =>
    Object.assign(new type(), { deploymentId, step, attempt }, rest);
}

/** Workers that do nothing and succeed. */
export const good: Record<Step, Answer> = {
  Authenticating: answer(UpdateAuthenticated, {}),
  Resolving: (command) =>
    answer(PodResolved, { client: 'acme', pod: (command as ResolvePod).target.pod })(command),
  SelectingCanary: answer(CanarySelected, { canary: 'web1', replicas: ['web2'], podRevision: 1 }),
  Snapshotting: answer(SnapshotTaken, { snapshot: { server: 'web1', fingerprint: EMPTY } }),
  Installing: (command) =>
    answer(UpdateInstalled, { treeId: command.deploymentId, fingerprint: TREE })(command),
  Verifying: answer(VerificationPassed, { fingerprint: TREE, evidence: [] }),
  AwaitingCanaries: answer(CanaryHeld, { againInMs: 60_000 }),
  AwaitingApproval: answer(CanaryHeld, { againInMs: 60_000 }),
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

/** The coordinator on a private Postgres, and workers whose answers tests change. */
export interface CoordinatorScene {
  /** What each step's worker answers. */
  workers: Record<Step, Answer>;
  /** All that workers were commanded since the test began. */
  commands: StepCommand[];
  /** All looks at PODs since the test began. */
  looks: CheckPod[];
  /** What a look finds; undefined: it gives no answer. */
  found: (look: CheckPod) => PodChecked | undefined;
  readonly database: Database;
  readonly url: string;
  readonly broker: PostgresBroker;
  readonly reader: DeploymentReader;
  /** What a scrape of the coordinator gets. */
  scraped(): Promise<string>;
  /** One more coordinator on the same database and broker. Ends with the first. */
  another(): Promise<void>;
  submit(changes?: Partial<UpdateSubmitted>): Promise<string>;
  tell(message: object): Promise<void>;
  state(id: string): Promise<string | undefined>;
  ends(id: string, wanted: string): Promise<void>;
  /** The command of a step, once it has come: a deployment's state is seen before its command is sent. */
  commanded(id: string, step: Step): Promise<StepCommand>;
}

const nothingFound = (_: CheckPod): PodChecked | undefined => undefined;

export function useCoordinator(): CoordinatorScene {
  let postgres: TestPostgres;
  let database: Database;
  let broker: PostgresBroker;
  const running: RunningService[] = [];
  const registry = new MetricsRegistry({ ofProcess: false });
  let reader: DeploymentReader;
  let url: string;
  let start: (name: string) => Promise<void>;
  const scene = {
    workers: { ...good },
    commands: [] as StepCommand[],
    looks: [] as CheckPod[],
    found: nothingFound,
  };

  beforeAll(async () => {
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await connectDatabase({ url });
    await migrate(database);
    broker = new PostgresBroker({ connectionString: url });
    await broker.declare(podwayTopology({ delaysMs: [50] }));
    reader = new DeploymentReader(database);
    const settings = Object.assign(new CoordinatorSettings(), {
      deadlinePollMs: 50,
      turnPollMs: 100,
      driftPollMs: 50,
      catchUpMs: 200,
      stepTimeoutsMs: 'Verifying=300',
      stepAttempts: 'Verifying=2',
    });
    start = async (name) => {
      const infrastructure = { broker, dataSource: database, databaseUrl: url } as never;
      const telemetry = { ...unwatched(), metrics: registry.of(name) };
      running.push(
        await service.start({ settings, infrastructure, logger: pino({ level: 'silent' }), telemetry }),
      );
    };
    await start('first');
    for (const command of allMessages().filter((message) => message.kind === 'command')) {
      await broker.consume(queueOf(command), { prefetch: 8 }, async (delivery) => {
        const { payload } = parseMessage(delivery.body);
        if (payload instanceof CheckPod) {
          scene.looks.push(payload);
          const found = scene.found(payload);
          if (found) await broker.publish(routed(envelop(found, { source: 'test' })));
          return { kind: 'ack' };
        }
        scene.commands.push(payload as StepCommand);
        const outcome = scene.workers[(payload as StepCommand).step](payload as StepCommand);
        if (outcome) await broker.publish(routed(envelop(outcome, { source: 'test' })));
        return { kind: 'ack' };
      });
    }
  });
  afterAll(async () => {
    for (const one of running) await one.stop();
    await broker.close();
    await database.destroy();
    await postgres.stop();
  });
  beforeEach(() => {
    scene.workers = { ...good };
    scene.commands = [];
    scene.looks = [];
    scene.found = nothingFound;
  });

  async function submit(changes: Partial<UpdateSubmitted> = {}): Promise<string> {
    const submitted = Object.assign(new UpdateSubmitted(), {
      updateId: ulid(),
      deploymentId: ulid(),
      publisher: { key: 'k1', client: 'acme' },
      source: { kind: 'artifact', artifact: 'a'.repeat(64) },
      target: { pod: 'shop' },
      submittedAt: new Date().toISOString(),
      ...changes,
    });
    await broker.publish(routed(envelop(submitted, { source: 'test' })));
    return submitted.deploymentId;
  }

  async function tell(outcome: object): Promise<void> {
    await broker.publish(routed(envelop(outcome, { source: 'test' })));
  }

  const state = async (id: string): Promise<string | undefined> => (await reader.byId(id))?.state;
  const ends = (id: string, wanted: string): Promise<void> =>
    expect.poll(() => state(id), { timeout: 20_000, interval: 20 }).toBe(wanted);
  const commanded = (id: string, step: Step): Promise<StepCommand> =>
    vi.waitFor(
      () => {
        const found = scene.commands.find((command) => command.deploymentId === id && command.step === step);
        if (!found) throw new Error(`${step} was not commanded`);
        return found;
      },
      { timeout: 20_000, interval: 20 },
    );

  const scraped = (): Promise<string> => registry.text();
  const another = (): Promise<void> => start('second');

  const able = { submit, tell, state, ends, commanded, scraped, another };
  return Object.defineProperties(Object.assign(scene, able), {
    database: { get: () => database },
    url: { get: () => url },
    broker: { get: () => broker },
    reader: { get: () => reader },
  }) as unknown as CoordinatorScene;
}
