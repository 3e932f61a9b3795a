import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import {
  deploymentStates,
  DeploymentChanged,
  envelop,
  HealingStopped,
  type Envelope,
} from '@podway/contracts';
import { boundCdEventsOf, cdEventsOf, type CdEvent } from './cd-events.js';

const deploymentId = '01JX4E7Q2M8V3K5N6P9R0S1T2W';
function changed(change: Partial<DeploymentChanged>): Envelope {
  const data = Object.assign(new DeploymentChanged(), {
    ...{ deploymentId, updateId: '01JX4E7Q2M8V3K5N6P9R0S1T2X', to: 'Queued', cause: 'Test', ...change },
  });
  return { ...envelop(data, { source: 'saga-coordinator', subject: 'acme/shop' }), sequence: '42' };
}
const told = (change: Partial<DeploymentChanged>): string[] =>
  cdEventsOf(changed(change)).map(({ context, subject: { id, content } }) => {
    const { outcome, errors, artifactId } = content as Record<string, string | undefined>;
    const name = context.type.replace(/^dev\.cdevents\.(.*)\.0\.2\.0$/, '$1');
    return [name, id.replace(deploymentId, 'D'), outcome, errors, artifactId].filter(Boolean).join(' ');
  });

it.each<[Partial<DeploymentChanged>, string[]]>([
  [{ to: 'Authenticating' }, ['pipelinerun.started D', 'taskrun.started D/Authenticating']],
  [
    { from: 'Snapshotting', to: 'Installing' },
    ['taskrun.finished D/Snapshotting success', 'taskrun.started D/Installing'],
  ],
  [{ from: 'Resolving', to: 'Queued' }, ['taskrun.finished D/Resolving success']],
  [{ from: 'Queued', to: 'SelectingCanary' }, ['taskrun.started D/SelectingCanary']],
  [
    { from: 'Confirming', to: 'Succeeded', release: 1 },
    [
      ...['taskrun.finished D/Confirming success', 'pipelinerun.finished D success'],
      'service.deployed acme/shop pkg:generic/acme/shop@1',
    ],
  ],
  [
    { from: 'Confirming', to: 'Succeeded', release: 7 },
    [
      ...['taskrun.finished D/Confirming success', 'pipelinerun.finished D success'],
      'service.upgraded acme/shop pkg:generic/acme/shop@7',
    ],
  ],
  [
    { from: 'Verifying', to: 'RollingBack', cause: 'VerificationFailed', detail: 'answered 500' },
    ['taskrun.finished D/Verifying failure answered 500', 'taskrun.started D/RollingBack'],
  ],
  [
    { from: 'Installing', to: 'RollingBack', cause: 'AbortRequested' },
    ['taskrun.finished D/Installing cancel', 'taskrun.started D/RollingBack'],
  ],
  [
    { from: 'ConfirmingRollback', to: 'RolledBack', detail: 'answered 500' },
    [
      ...['taskrun.finished D/ConfirmingRollback success', 'pipelinerun.finished D failure answered 500'],
      'service.rolledback acme/shop pkg:generic/acme/shop',
    ],
  ],
  [
    { from: 'RollingBack', to: 'RollbackFailed', detail: 'gone' },
    ['taskrun.finished D/RollingBack error gone', 'pipelinerun.finished D error gone'],
  ],
  [{ from: 'Queued', to: 'Superseded' }, ['pipelinerun.finished D cancel']],
  [
    { from: 'Authenticating', to: 'Rejected', detail: 'no right' },
    ['taskrun.finished D/Authenticating failure no right', 'pipelinerun.finished D failure no right'],
  ],
])('%j is %j', (change, expected) => {
  expect(told(change)).toEqual(expected);
});

it('every change of state is something, each in its own words and with an id of its own', () => {
  for (const to of deploymentStates) {
    const event = changed({ from: 'Verifying', to, release: 2, detail: 'x' });
    const made = cdEventsOf(event);
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made.map(({ context }) => context.id)).size).toBe(made.length);
    expect(made).toEqual(cdEventsOf(event));
    for (const one of made) expect(one.customData).toMatchObject({ sequence: '42', data: { to } });
  }
});

/** The schemas of CDEvents itself, by type. Links are left out: their schema is another one, and we have none. */
function officialSchemas(): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const folder = new URL('../../../../../tools/vendor/cdevents/', import.meta.url);
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => {
        const schema = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as CdEventSchema;
        const { type, links, ...rest } = schema.properties.context.properties;
        expect(links).toBeDefined();
        schema.properties.context.properties = { type, ...rest };
        return [type.enum[0] ?? '', ajv.compile(schema)];
      }),
  );
}

interface CdEventSchema {
  properties: { context: { properties: { type: { enum: string[] }; links?: object } } };
}

it('every event that can be made is what the schemas of CDEvents have, and all of them are made', () => {
  const schemas = officialSchemas();
  const made = new Set<string>();
  for (const from of [undefined, ...deploymentStates])
    for (const to of deploymentStates)
      for (const release of [1, 2]) {
        const events = cdEventsOf(changed({ ...(from ? { from } : {}), to, release, detail: 'x' }));
        for (const event of JSON.parse(JSON.stringify(events)) as CdEvent[]) {
          const validate = schemas.get(event.context.type);
          validate?.(event);
          expect(validate?.errors, `${from} ${to} ${event.context.type}`).toBeNull();
          made.add(event.context.type);
        }
      }
  expect([...made].sort()).toEqual([...schemas.keys()].sort());
});

it('is bound to CloudEvents as CDEvents says', () => {
  const event = changed({ from: 'Queued', to: 'SelectingCanary' });
  const [one] = boundCdEventsOf(event) as [Record<string, unknown> & { data: CdEvent }];
  expect(one).toEqual({
    ...{
      specversion: '1.0',
      datacontenttype: 'application/json',
      traceparent: event.traceparent,
      data: one.data,
    },
    ...{
      id: `${event.id}-1`,
      source: '/podway/saga-coordinator',
      type: 'dev.cdevents.taskrun.started.0.2.0',
    },
    ...{ subject: `${deploymentId}/SelectingCanary`, time: event.time },
  });
  const { id, source, type, timestamp } = one.data.context;
  expect([id, source, type, timestamp, one.data.subject.id]).toEqual([
    ...[one.id, one.source, one.type, one.time, one.subject],
  ]);
});

it('other events are none', () => {
  const other = Object.assign(new HealingStopped(), { servers: [], reason: 'x' });
  expect(cdEventsOf(envelop(other, { source: 'test' }))).toEqual([]);
});
