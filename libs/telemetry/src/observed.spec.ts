import { SpanStatusCode, type Attributes } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  envelop,
  InstallFailed,
  InstallUpdate,
  parseMessage,
  PodResolved,
  PodwayError,
  StepProgressed,
  type ServerSpec,
  type StepOutcome,
} from '@podway/contracts';
import type { ExecOptions, HostSession, HostSessions, OwnedHostSession } from '@podway/hosts';
import {
  published,
  routed,
  type Broker,
  type Delivery,
  type Disposition,
  type OutgoingMessage,
} from '@podway/messaging';
import { MetricsRegistry } from './metrics.js';
import { ObservedBroker } from './observed-broker.js';
import { ObservedHostSessions } from './observed-host-sessions.js';
import { observedStep } from './observed-step.js';
import type { Telemetry } from './telemetry.js';

const deploymentId = '01JX4E7Q2M8V3K5N6P9R0S1T2W';
const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

interface Seen {
  name: string;
  parent?: string;
  attributes: Attributes;
  failed: boolean;
}

let exporter: InMemorySpanExporter;
let registry: MetricsRegistry;
let telemetry: Telemetry;
beforeEach(() => {
  exporter = new InMemorySpanExporter();
  registry = new MetricsRegistry({ ofProcess: false });
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  telemetry = { metrics: registry.of('verifier'), tracer: provider.getTracer('test') };
});

const spans = (): Seen[] =>
  exporter.getFinishedSpans().map(({ name, parentSpanContext, attributes, status }) => ({
    ...{ name, parent: parentSpanContext?.spanId, attributes },
    failed: status.code === SpanStatusCode.ERROR,
  }));
const sample = async (start: string): Promise<number> => {
  const line = (await registry.text()).split('\n').find((one) => one.startsWith(start));
  if (line === undefined) throw new Error(`no ${start} in ${await registry.text()}`);
  return Number(line.split(' ').at(-1));
};

describe('ObservedBroker', () => {
  const sent: OutgoingMessage[] = [];
  let refuse = false;
  let consuming: (delivery: Delivery) => Promise<Disposition>;
  const inner = {
    maxHoldMs: 7,
    publish: async (message: OutgoingMessage) => {
      if (refuse) throw new PodwayError('BROKER.NOT_CONFIRMED', 'no answer');
      sent.push(message);
    },
    consume: async (_queue: string, _options: object, handler: typeof consuming) => {
      consuming = handler;
      return { close: async () => undefined };
    },
  } as unknown as Broker;
  const broker = (system: 'rabbitmq' | 'podway' = 'rabbitmq'): ObservedBroker =>
    new ObservedBroker(inner, telemetry, system);
  const message = (): OutgoingMessage => {
    const resolved = { deploymentId, step: 'Resolving', attempt: 1, client: 'acme', pod: 'shop' };
    const payload = Object.assign(new PodResolved(), resolved);
    return routed(envelop(payload, { source: 'pod-resolver', traceparent: parent, subject: 'acme/shop' }));
  };
  beforeEach(() => {
    sent.length = 0;
    refuse = false;
  });

  it('sends in a span below the envelope’s, which the message then names', async () => {
    const given = message();
    await broker().publish(given);
    const [span] = spans();
    expect(span).toMatchObject({
      name: 'publish podway.outcomes:podway.saga-coordinator.outcomes',
      parent: parent.slice(36, 52),
      failed: false,
      attributes: {
        'messaging.system': 'rabbitmq',
        'messaging.operation.type': 'send',
        'messaging.rabbitmq.destination.routing_key': 'podway.saga-coordinator.outcomes',
        'messaging.message.id': given.envelope.id,
        'cicd.pipeline.run.id': deploymentId,
      },
    });
    const { traceparent, ...rest } = sent[0]!.envelope;
    expect(traceparent).toBe(
      `00-${parent.slice(3, 35)}-${exporter.getFinishedSpans()[0]!.spanContext().spanId}-01`,
    );
    // What is in the outbox stays as it is: it may be sent again.
    expect(given.envelope.traceparent).toBe(parent);
    expect({ ...rest, traceparent: parent }).toEqual({ ...given.envelope });
    expect(() => parseMessage(JSON.stringify(sent[0]!.envelope))).not.toThrow();
  });

  it('counts what was sent and what was not', async () => {
    await broker().publish(message());
    refuse = true;
    await expect(broker().publish(message())).rejects.toThrow('no answer');
    const type = 'type="io.podway.pod.resolved.v1"';
    expect(await sample(`podway_messages_published_total{service="verifier",${type}}`)).toBe(1);
    expect(await sample(`podway_messages_unpublished_total{service="verifier",${type}}`)).toBe(1);
    expect(spans().at(-1)).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'BROKER.NOT_CONFIRMED' },
    });
  });

  it('has no spans for the public stream and for progress', async () => {
    await broker().publish(published(message().envelope));
    const progress = { deploymentId, step: 'Installing', attempt: 1, message: 'x' };
    const payload = Object.assign(new StepProgressed(), progress);
    await broker().publish(routed(envelop(payload, { source: 'verifier', traceparent: parent })));
    expect(spans()).toEqual([]);
    expect(sent.map(({ envelope }) => envelope.traceparent)).toEqual([parent, parent]);
  });

  it.each([
    ['ack', { kind: 'ack' }, false],
    ['retry', { kind: 'retry', reason: 'pw_secret' }, true],
    ['dead-letter', { kind: 'dead-letter', code: 'INPUT.INVALID', reason: 'pw_secret' }, true],
  ] as const)('counts and traces what becomes of a delivery: %s', async (result, disposition, failed) => {
    const observed = broker();
    const delivery: Delivery = { queue: 'q', body: new Uint8Array(), tries: 2 };
    const parsed = parseMessage(JSON.stringify(message().envelope));
    await observed.consume('q', { prefetch: 1 }, () =>
      observed.processing(parsed, delivery, async () => disposition),
    );
    expect(await consuming(delivery)).toEqual(disposition);
    expect(
      await sample(`podway_messages_handled_total{service="verifier",queue="q",result="${result}"}`),
    ).toBe(1);
    expect(await sample('podway_message_handling_seconds_count{service="verifier",queue="q"}')).toBe(1);
    expect(spans()).toMatchObject([
      {
        ...{ name: 'process q', parent: parent.slice(36, 52), failed },
        attributes: { 'podway.message.result': result, 'podway.message.tries': 2 },
      },
    ]);
    expect(JSON.stringify(spans())).not.toContain('pw_secret');
  });

  it('is the broker in all else', () => {
    expect(broker().maxHoldMs).toBe(7);
    expect(broker().reply).toBeUndefined();
  });
});

describe('ObservedHostSessions', () => {
  const server = { name: 'web1', ssh: { host: '10.0.0.1' } } as ServerSpec;
  let run: (options: ExecOptions) => Promise<{ code: number | null; stdout: string; stderr: string }>;
  let closed = false;
  const session = {
    server: 'web1',
    exec: (_argv: readonly string[], options: ExecOptions) => run(options),
    stream: () => ({ stdout: 'out', done: run({}) }),
    close: async () => void (closed = true),
  } as unknown as OwnedHostSession;
  const inner = { session: async () => session, fresh: async () => session } as unknown as HostSessions;
  const observed = (): Promise<HostSession> => new ObservedHostSessions(inner, telemetry).session(server);
  const count = (result: string): Promise<number> =>
    sample(`podway_host_commands_total{service="verifier",transport="ssh",result="${result}"}`);
  const open = (): Promise<number> => sample('podway_host_sessions_open{service="verifier",transport="ssh"}');

  it('tells what a command does, and none of its arguments', async () => {
    run = async () => {
      expect(await open()).toBe(1);
      return { code: 3, stdout: '', stderr: 'hush' };
    };
    await (await observed()).exec(['/usr/bin/env', 'TOKEN=hush'], { stdin: 'hush', verb: 'switch' });
    expect(await open()).toBe(0);
    expect(await count('nonzero')).toBe(1);
    expect(spans()).toMatchObject([
      {
        ...{ name: 'ssh switch', failed: false },
        attributes: { 'process.executable.name': 'env', 'process.exit.code': 3, 'server.port': 22 },
      },
    ]);
    expect(JSON.stringify(spans())).not.toContain('hush');
  });

  it('tells a lost connection by its code', async () => {
    run = () => Promise.reject(new PodwayError('HOST.CONNECTION_LOST', 'hush'));
    await expect((await observed()).exec(['true'])).rejects.toThrow('hush');
    expect(await count('error')).toBe(1);
    expect(await open()).toBe(0);
    expect(spans()).toMatchObject([
      { name: 'ssh true', failed: true, attributes: { 'error.type': 'HOST.CONNECTION_LOST' } },
    ]);
  });

  it('watches a stream to its end', async () => {
    let end = (_: { code: number; stdout: string; stderr: string }): void => undefined;
    run = () => new Promise((resolve) => (end = resolve));
    const { stdout, done } = (await observed()).stream(['cat']);
    expect(stdout).toBe('out');
    expect(await open()).toBe(1);
    end({ code: 0, stdout: '', stderr: '' });
    expect(await done).toMatchObject({ code: 0 });
    expect(await open()).toBe(0);
  });

  it('closes what it was given to close', async () => {
    await (await new ObservedHostSessions(inner, telemetry).fresh(server)).close();
    expect(closed).toBe(true);
  });
});

describe('observedStep', () => {
  const command = Object.assign(new InstallUpdate(), {
    ...{ deploymentId, step: 'Installing', attempt: 2, pod: 'shop', fencingToken: 1 },
  });
  const failed = Object.assign(new InstallFailed(), { code: 'STATE.DISK_FULL', detail: 'hush' });
  const count = (outcome: string): Promise<number> =>
    sample(`podway_step_duration_seconds_count{service="verifier",step="Installing",outcome="${outcome}"}`);

  it.each([
    ['succeeded', 'success', {} as StepOutcome],
    ['failed', 'failure', failed],
    ['fenced', 'cancellation', undefined],
  ] as const)('%s', async (outcome, result, told) => {
    expect(await observedStep(telemetry, command, async () => told)).toBe(told);
    expect(await count(outcome)).toBe(1);
    expect(spans()).toMatchObject([
      {
        name: 'Installing',
        attributes: {
          'cicd.pipeline.run.id': deploymentId,
          'cicd.pipeline.task.run.id': `${deploymentId}/Installing/2`,
          'cicd.pipeline.task.run.result': result,
          'podway.pod': 'shop',
        },
      },
    ]);
    expect(JSON.stringify(spans())).not.toContain('hush');
  });

  it('error: what is no outcome goes on', async () => {
    const run = observedStep(telemetry, command, () => Promise.reject(new Error('the database is gone')));
    await expect(run).rejects.toThrow('the database is gone');
    expect(await count('error')).toBe(1);
    expect(await sample('podway_steps_running{service="verifier",step="Installing"}')).toBe(0);
  });
});
