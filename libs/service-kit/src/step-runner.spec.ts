import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { pino } from 'pino';
import {
  envelop,
  InstallFailed,
  InstallUpdate,
  PodwayError,
  ReleaseReplicated,
  StepProgressed,
  UpdateInstalled,
  type Envelope,
  type ServerOutcome,
  type StepOutcome,
} from '@podway/contracts';
import type { Broker, OutgoingMessage } from '@podway/messaging';
import { noStepLog, type StepContext, type StepLog } from '@podway/state';
import { RecordingLog } from '@podway/testing/steps';
import { failureOf, isFenced, outcomeOf, StepRunner, type StepWork } from './step-runner.js';

const fingerprint = 'f'.repeat(64);
const command = Object.assign(new InstallUpdate(), {
  ...{ deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W', step: 'Installing', attempt: 2 },
  ...{ deadline: '2026-03-02T09:12:30.000Z', client: 'acme', pod: 'shop', podRevision: 1, fencingToken: 10 },
  ...{ canary: 'web1', source: { kind: 'artifact', artifact: 'a'.repeat(64) } },
  snapshot: { server: 'web1', fingerprint },
} as const);
const envelope: Envelope = envelop(command, { source: 'saga-coordinator' });
const installed = (): StepOutcome =>
  outcomeOf(UpdateInstalled, command, { treeId: command.deploymentId, fingerprint });

const busy = new PodwayError('STATE.BUSY', 'held', { retryable: true });
const full = new PodwayError('STATE.DISK_FULL', 'no space');

describe('StepRunner', () => {
  let published: OutgoingMessage[];
  let publish: (message: OutgoingMessage) => Promise<void>;
  let fences: [string, number][];
  let log: StepLog;
  let execute: (context: StepContext) => Promise<StepOutcome>;
  let givenUp: ReturnType<typeof vi.fn<() => Promise<void>>>;
  beforeEach(() => {
    published = [];
    publish = async (message) => void published.push(message);
    fences = [];
    log = noStepLog;
    execute = async () => installed();
    givenUp = vi.fn(async () => undefined);
  });

  const work: StepWork<InstallUpdate> = {
    execute: (_, context) => execute(context),
    givenUp: () => givenUp(),
    failed: (of, error) => failureOf(InstallFailed, of, error, { server: of.canary }),
  };

  function runner(pace = {}): StepRunner {
    return new StepRunner(
      'installer-agent',
      { publish: (message: OutgoingMessage) => publish(message) } as Partial<Broker> as Broker,
      { fence: async (pod, token) => void fences.push([pod, token]) },
      () => log,
      pino({ level: 'silent' }),
      { retryDelaysMs: [1, 1], progressEveryMs: 0, heartbeatMs: 60_000, hardLimitMs: 60_000, ...pace },
    );
  }
  const run = (pace?: object): Promise<void> => runner(pace).run(command, envelope, work);
  const outcomes = (): object[] =>
    published.map(({ envelope: { data } }) => data).filter((data) => !(data instanceof StepProgressed));
  const progress = (): string[] =>
    published.flatMap(({ envelope: { data } }) => (data instanceof StepProgressed ? [data.message] : []));

  it('publishes one outcome, to the coordinator, in the trace of its command', async () => {
    await run();
    expect(outcomes()).toEqual([installed()]);
    const { exchange, routingKey, envelope: sent } = published.at(-1)!;
    expect({ exchange, routingKey }).toEqual({
      exchange: 'podway.outcomes',
      routingKey: 'podway.saga-coordinator.outcomes',
    });
    expect(sent).toMatchObject({ source: '/podway/installer-agent', deploymentid: command.deploymentId });
    expect(sent.traceparent.slice(3, 35)).toBe(envelope.traceparent.slice(3, 35));
    expect(fences).toEqual([['shop', 10]]);
  });

  it('gives the work its token and a way to be heard', async () => {
    let seen: StepContext | undefined;
    execute = async (context) => ((seen = context), installed());
    await run();
    expect(seen).toMatchObject({ deploymentId: command.deploymentId, fencingToken: 10 });
    expect(seen?.signal?.aborted).toBe(false);
  });

  it('resolves only when the outcome is safe with the broker', async () => {
    let confirm = (): void => undefined;
    let resolved = false;
    publish = (message) =>
      message.envelope.data instanceof StepProgressed
        ? Promise.resolve()
        : new Promise((resolve) => (confirm = () => (published.push(message), resolve())));
    const running = run().then(() => (resolved = true));
    await sleep(20);
    expect(resolved).toBe(false);
    confirm();
    await running;
    expect(outcomes()).toHaveLength(1);
  });

  it('tells the outcome when what was said before it is kept', async () => {
    let keep = (): void => undefined;
    log = { ...noStepLog, kept: () => new Promise((resolve) => (keep = resolve)) };
    const running = run();
    await sleep(20);
    expect(outcomes()).toEqual([]);
    keep();
    await running;
    expect(outcomes()).toEqual([installed()]);
  });

  it('rejects when its log cannot be kept: the command has to come back', async () => {
    log = { ...noStepLog, kept: () => Promise.reject(busy) };
    await expect(run()).rejects.toBe(busy);
    expect(outcomes()).toEqual([]);
  });

  it('rejects when the outcome cannot be published: the command has to come back', async () => {
    publish = async ({ envelope: { data } }) => {
      if (!(data instanceof StepProgressed)) throw busy;
    };
    await expect(run()).rejects.toBe(busy);
  });

  it('does not fail with progress that cannot be told', async () => {
    publish = async (message) => {
      if (message.envelope.data instanceof StepProgressed) throw busy;
      published.push(message);
    };
    await run();
    expect(outcomes()).toEqual([installed()]);
  });

  it('makes an error the failed outcome, after what is to be undone', async () => {
    execute = () => Promise.reject(full);
    givenUp.mockImplementation(async () => expect(outcomes()).toEqual([]));
    await run();
    expect(outcomes()).toEqual([
      Object.assign(new InstallFailed(), {
        ...{ deploymentId: command.deploymentId, step: 'Installing', attempt: 2 },
        ...{ code: 'STATE.DISK_FULL', detail: 'no space', server: 'web1' },
      }),
    ]);
    expect(givenUp).toHaveBeenCalledOnce();
  });

  it('says in the log of each server why the step failed there', async () => {
    const recording = new RecordingLog();
    log = recording;
    execute = () => Promise.reject(full);
    await run();
    expect(recording.said).toEqual([
      { server: 'web1', part: 'step', level: 'error', text: 'STATE.DISK_FULL: no space' },
    ]);
  });

  it('says so of servers that a step had to leave behind, too, and of tries that failed', async () => {
    const recording = new RecordingLog();
    log = recording;
    const servers: ServerOutcome[] = [
      { name: 'web1', result: 'unchanged' },
      { name: 'web2', result: 'failed', code: 'HOST.UNREACHABLE', detail: 'no answer' },
    ];
    let tries = 0;
    execute = async () => {
      if (++tries < 2) throw busy;
      return outcomeOf(ReleaseReplicated, command, { servers, bytesSent: 0 });
    };
    await run();
    expect(recording.said.map(({ server, level, text }) => `${server} ${level} ${text}`)).toEqual([
      'web1 warning STATE.BUSY: held; trying again',
      'web2 error HOST.UNREACHABLE: no answer',
    ]);
  });

  it('tries again what may pass, and tells so', async () => {
    let tries = 0;
    execute = async () => {
      if (++tries < 3) throw busy;
      return installed();
    };
    await run();
    expect(tries).toBe(3);
    expect(outcomes()).toEqual([installed()]);
    expect(progress()).toEqual(['started', 'held; trying again', 'held; trying again']);
    expect(givenUp).not.toHaveBeenCalled();
    expect(fences).toHaveLength(3);
  });

  it('fails when the tries are used up', async () => {
    execute = vi.fn(() => Promise.reject(busy));
    await run();
    expect(execute).toHaveBeenCalledTimes(3);
    expect(outcomes()).toMatchObject([{ code: 'STATE.BUSY' }]);
    expect(givenUp).toHaveBeenCalledOnce();
  });

  it.each(['STATE.FENCED', 'ROTATION.FENCED'])('is silent, and undoes nothing, after %s', async (code) => {
    const fenced = new PodwayError(code, 'newer');
    execute = () => Promise.reject(fenced);
    await run();
    expect(outcomes()).toEqual([]);
    expect(givenUp).not.toHaveBeenCalled();
    expect(isFenced(fenced)).toBe(true);
  });

  it('does not even begin when a newer command was there', async () => {
    execute = vi.fn(async () => installed());
    const steps = new StepRunner(
      'installer-agent',
      { publish: (message: OutgoingMessage) => publish(message) } as Partial<Broker> as Broker,
      { fence: () => Promise.reject(new PodwayError('ROTATION.FENCED', 'newer')) },
      () => log,
      pino({ level: 'silent' }),
    );
    await steps.run(command, envelope, work);
    expect(execute).not.toHaveBeenCalled();
    expect(outcomes()).toEqual([]);
  });

  it.each([new TypeError('a bug'), new Error('the database went away')])('rejects with %s', async (error) => {
    execute = () => Promise.reject(error);
    await expect(run()).rejects.toBe(error);
    expect(outcomes()).toEqual([]);
    expect(givenUp).not.toHaveBeenCalled();
  });

  it('answers a command that is delivered again while it is at work by that work', async () => {
    let end = (): void => undefined;
    execute = vi.fn(() => new Promise<StepOutcome>((resolve) => (end = () => resolve(installed()))));
    const steps = runner();
    const both = [steps.run(command, envelope, work), steps.run(command, envelope, work)];
    await vi.waitFor(() => expect(execute).toHaveBeenCalled());
    end();
    await Promise.all(both);
    expect(execute).toHaveBeenCalledOnce();
    expect(outcomes()).toHaveLength(1);
    execute = async () => installed();
    await steps.run(command, envelope, work);
    expect(outcomes()).toHaveLength(2);
  });

  it('tells progress, but not all of it at once', async () => {
    execute = async (context) => {
      for (let turn = 0; turn < 100; turn += 1)
        context.progress(`${turn}`, { server: 'web1', percent: turn });
      return installed();
    };
    await run({ progressEveryMs: 60_000 });
    expect(progress()).toEqual(['started']);
    published.length = 0;
    await run();
    expect(progress()).toHaveLength(101);
    expect(
      published.find(({ envelope: { data } }) => (data as StepProgressed).percent === 7)?.envelope.data,
    ).toEqual(
      Object.assign(new StepProgressed(), {
        ...{ deploymentId: command.deploymentId, step: 'Installing', attempt: 2 },
        ...{ message: '7', server: 'web1', percent: 7 },
      }),
    );
  });

  it('shows that it lives while it has nothing to say, and no longer when it has ended', async () => {
    execute = async (context) => {
      context.progress('compiling');
      await vi.waitFor(() => expect(progress().length).toBeGreaterThan(4));
      return installed();
    };
    await run({ heartbeatMs: 5 });
    expect(new Set(progress().slice(1))).toEqual(new Set(['compiling']));
    const { length } = published;
    await sleep(40);
    expect(published).toHaveLength(length);
  });

  it('hears nothing from what a step has left running', async () => {
    let late: StepContext | undefined;
    execute = async (context) => ((late = context), installed());
    await run();
    const { length } = published;
    late?.progress('still here');
    expect(published).toHaveLength(length);
  });

  it('gives a step up that takes far too long, whatever it says', async () => {
    execute = async ({ signal }) => {
      while (!signal?.aborted) await sleep(1);
      throw busy;
    };
    await run({ hardLimitMs: 20 });
    expect(outcomes()).toMatchObject([{ code: 'STATE.BUSY' }]);
    expect(givenUp).toHaveBeenCalledOnce();
  });

  it('cuts what would be too long for a message', async () => {
    execute = (context) => {
      context.progress('p'.repeat(5_000));
      return Promise.reject(new PodwayError('TEST.LONG', 'd'.repeat(9_000)));
    };
    await run();
    expect(progress()[1]).toHaveLength(1_000);
    expect((outcomes()[0] as InstallFailed).detail).toHaveLength(4_000);
  });
});
