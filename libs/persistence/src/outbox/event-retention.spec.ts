import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { DeploymentEntity, WebhookEntity } from '../entities/index.js';
import { EventRetention } from './event-retention.js';

const db = useDatabase();
const cut = new Date('2026-06-01T00:00:00Z');
const old = new Date('2026-05-01T00:00:00Z');
const young = new Date('2026-07-01T00:00:00Z');
let retention: EventRetention;
beforeEach(() => {
  retention = new EventRetention(db.dataSource);
});

interface Change {
  at?: Date;
  client?: string;
  deployment?: string;
  published?: boolean;
}

/** Events in this order, numbered from 1. */
async function happened(...events: Change[]): Promise<void> {
  for (const [index, { at = old, client = 'acme', deployment = null, published = true }] of events.entries())
    await db.dataSource.query(
      `insert into coordinator.event_log (sequence, client, pod, deployment_id, type, envelope, created_at, published)
       values ($1, $2, 'shop', $3, 'a', '{}', $4, $5)`,
      [index + 1, client, deployment, at, published],
    );
}

async function left(): Promise<number[]> {
  const rows: { sequence: string }[] = await db.dataSource.query(
    'select sequence from coordinator.event_log order by sequence',
  );
  return rows.map(({ sequence }) => Number(sequence));
}

async function deployment(finishedAt: Date | null, leased = false): Promise<string> {
  const id = ulid();
  await db.dataSource.manager.insert(DeploymentEntity, {
    ...{ id, updateId: ulid(), client: 'acme', pod: id, data: {}, deadline: null, version: 1 },
    ...{ state: leased ? 'RollbackFailed' : 'Succeeded', leased, traceparent: 't' },
    ...{ submittedAt: old, updatedAt: old, finishedAt },
  });
  return id;
}

async function webhook(sequence: number, state: 'active' | 'disabled' = 'active'): Promise<void> {
  await db.dataSource.manager.insert(WebhookEntity, {
    ...{ id: ulid(), client: 'acme', url: 'https://hooks.example', secret: 's', format: 'cloudevents' },
    ...{ state, sequence, failures: 0, createdBy: 'k', createdAt: old },
  });
}

it('removes events of before, from the first on', async () => {
  await happened({}, {}, {}, { at: young }, { at: young });
  expect(await retention.prune(cut)).toBe(3);
  expect(await left()).toEqual([4, 5]);
  expect(await retention.prune(cut)).toBe(0);
});

it('leaves the last event, by which the next is numbered', async () => {
  await happened({}, {}, {});
  expect(await retention.prune(cut)).toBe(2);
  expect(await left()).toEqual([3]);
});

it('has nothing to do in an empty log', async () => {
  expect(await retention.prune(cut)).toBe(0);
});

it('leaves no hole: what comes after an event that stays, stays', async () => {
  await happened({}, { at: young }, {}, {});
  expect(await retention.prune(cut)).toBe(1);
  expect(await left()).toEqual([2, 3, 4]);
});

it('takes many at once', async () => {
  await db.dataSource.query(
    `insert into coordinator.event_log (sequence, client, type, envelope, created_at, published)
     select n, 'acme', 'a', '{}', $1, true from generate_series(1, 12000) n`,
    [old],
  );
  expect(await retention.prune(cut)).toBe(11_999);
  expect(await left()).toEqual([12_000]);
});

it('leaves what has no number yet', async () => {
  await happened({}, {});
  await db.dataSource.query(
    `insert into coordinator.event_log (client, type, envelope, created_at) values ('acme', 'a', '{}', $1)`,
    [old],
  );
  expect(await retention.prune(cut)).toBe(1);
  expect(await left()).toEqual([2, 0]);
});

describe('what is needed still, and what came after it, stays:', () => {
  it('until it was published', async () => {
    await happened({}, { published: false }, { at: young });
    expect(await retention.prune(cut)).toBe(1);
    expect(await left()).toEqual([2, 3]);
  });

  it.each<[string, () => Promise<string>, number[]]>([
    ['ended before', () => deployment(old), [3]],
    ['has ended since', () => deployment(young), [2, 3]],
    ['runs', () => deployment(null), [2, 3]],
    ['may be taken up again', () => deployment(old, true), [2, 3]],
  ])('an event of a deployment that %s', async (_, made, kept) => {
    await happened({}, { deployment: await made() }, { at: young });
    await retention.prune(cut);
    expect(await left()).toEqual(kept);
  });

  it.each<[string, () => Promise<unknown>, number[]]>([
    ['waits for it', () => webhook(1), [2, 3, 4]],
    ['has it', () => webhook(2), [4]],
    ['is disabled', () => webhook(0, 'disabled'), [4]],
    ['is of a client that is disabled', () => webhook(1).then(disableAcme), [4]],
  ])('an event when a webhook %s', async (_, made, kept) => {
    await made();
    await happened({}, {}, { client: 'rival' }, { at: young, client: 'rival' });
    await retention.prune(cut);
    expect(await left()).toEqual(kept);
  });
});

const disableAcme = (): Promise<unknown> =>
  db.dataSource.query(`insert into auth.clients (name, disabled_at) values ('acme', now())`);
