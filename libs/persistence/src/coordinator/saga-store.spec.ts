import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { monotonicFactory } from 'ulid';
import type { DeploymentState } from '@podway/contracts';
import { useDatabase } from '../../test/database.js';
import { DeploymentEntity, UpdateEntity } from '../entities/index.js';
import { SagaStore } from './saga-store.js';

const ulid = monotonicFactory();
const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 12, 0, second));

describe('SagaStore', () => {
  const db = useDatabase();
  let store: SagaStore;
  beforeEach(() => {
    store = new SagaStore(db.dataSource);
  });

  /** A deployment that was submitted in this second. */
  async function deployment(
    state: DeploymentState,
    second: number,
    changes: Partial<DeploymentEntity> = {},
  ): Promise<string> {
    const id = ulid();
    const pod = state === 'Authenticating' || state === 'Resolving' ? null : 'shop';
    await db.dataSource.manager.save(DeploymentEntity, {
      ...{ id, updateId: ulid(), client: 'acme', pod, state, leased: false, deadline: null, version: 1 },
      data: { deploymentId: id, target: { pod: 'shop' } },
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      ...{ submittedAt: at(second), updatedAt: at(second), finishedAt: null },
      ...changes,
    });
    return id;
  }
  const next = (pod = 'shop'): Promise<string | undefined> =>
    store.transaction(async (transaction) => {
      await transaction.lockPod(pod);
      return (await transaction.nextInQueue(pod))?.state.deploymentId;
    });

  describe('the queue of a POD', () => {
    it('is empty at first', async () => {
      expect(await next()).toBeUndefined();
    });

    it('goes by submission, not by when its updates were resolved', async () => {
      await deployment('Queued', 3);
      const first = await deployment('Queued', 1);
      await deployment('Queued', 2);
      expect(await next()).toBe(first);
    });

    it('goes by id where two were submitted at the same moment', async () => {
      const first = await deployment('Queued', 1);
      await deployment('Queued', 1);
      expect(await next()).toBe(first);
    });

    it.each(['Authenticating', 'Resolving'] as const)('waits for an older one that is %s', async (state) => {
      await deployment(state, 1);
      await deployment('Queued', 2);
      expect(await next()).toBeUndefined();
    });

    it.each([
      ['a younger one', 'Resolving', 3, {}],
      ['one for another POD', 'Resolving', 1, { data: { target: { pod: 'blog' } } }],
      ['one that was rejected', 'Rejected', 1, {}],
      ['one that has ended', 'Succeeded', 1, {}],
    ] as const)('does not wait for %s', async (_, state, second, changes) => {
      await deployment(state, second, changes);
      const queued = await deployment('Queued', 2);
      expect(await next()).toBe(queued);
    });

    it('waits while a deployment owns the POD, a failed roll-back included', async () => {
      const owner = await deployment('RollbackFailed', 1, { leased: true });
      const queued = await deployment('Queued', 2);
      expect(await next()).toBeUndefined();
      await db.dataSource.manager.update(DeploymentEntity, { id: owner }, { leased: false });
      expect(await next()).toBe(queued);
    });

    it('is of one POD', async () => {
      await deployment('Installing', 1, { leased: true });
      const other = await deployment('Queued', 2, { pod: 'blog', data: { deploymentId: 'other' } });
      expect(other).toBeTruthy();
      expect(await next('blog')).toBe('other');
    });

    it('a POD is owned by one deployment, whatever the coordinator does', async () => {
      await deployment('Installing', 1, { leased: true });
      await expect(deployment('Installing', 2, { leased: true })).rejects.toThrow(
        'deployments_one_lease_a_pod',
      );
    });
  });

  describe('the lock of a POD', () => {
    it('lets one after the other in, and counters only grow', async () => {
      const tokens = await Promise.all(
        Array.from({ length: 20 }, () =>
          store.transaction(async (transaction) => {
            const { fencingToken, releaseNumber } = await transaction.lockPod('shop');
            await sleep(1);
            await transaction.saveCounters('shop', { fencingToken: fencingToken + 1, releaseNumber });
            return fencingToken;
          }),
        ),
      );
      expect(tokens.toSorted((a, b) => a - b)).toEqual(tokens.map((_, index) => index));
      await store.transaction((transaction) =>
        transaction.saveCounters('shop', { fencingToken: 3, releaseNumber: 7 }),
      );
      expect(await store.transaction((transaction) => transaction.lockPod('shop'))).toEqual({
        fencingToken: 20,
        releaseNumber: 7,
      });
    });

    it('of one POD does not hold up another', async () => {
      await store.transaction(async (transaction) => {
        await transaction.lockPod('shop');
        await store.transaction((other) => other.lockPod('blog'));
      });
    });
  });

  describe('the inbox', () => {
    const claim = (id: string): Promise<boolean> => store.transaction((transaction) => transaction.claim(id));

    it('takes a message id once, of many at the same time', async () => {
      const claims = await Promise.all(Array.from({ length: 10 }, () => claim('m1')));
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await claim('m2')).toBe(true);
    });

    it('forgets what was claimed in a transaction that was rolled back', async () => {
      const broken = store.transaction(async (transaction) => {
        await transaction.claim('m1');
        throw new Error('undone');
      });
      await expect(broken).rejects.toThrow('undone');
      expect(await claim('m1')).toBe(true);
    });

    it('is pruned by age', async () => {
      await claim('old');
      await claim('young');
      await db.dataSource.query(
        `update coordinator.inbox set received_at = now() - interval '8 days' where message_id = 'old'`,
      );
      await store.pruneInbox(7);
      expect([await claim('old'), await claim('young')]).toEqual([true, false]);
    });
  });

  it('knows the POD of a deployment before it is resolved', async () => {
    const [resolving, queued] = [await deployment('Resolving', 1), await deployment('Queued', 2)];
    const podOf = (id: string): Promise<string | undefined> =>
      store.transaction((transaction) => transaction.podOf(id));
    expect([await podOf(resolving), await podOf(queued), await podOf(ulid())]).toEqual([
      'shop',
      'shop',
      undefined,
    ]);
  });

  it('finds deadlines that have passed, the longest overdue first', async () => {
    const past = (ms: number): { deadline: Date } => ({ deadline: new Date(Date.now() - ms) });
    const second = await deployment('Verifying', 1, past(1_000));
    const first = await deployment('Installing', 2, { ...past(60_000), pod: 'blog' });
    await deployment('Installing', 3, { deadline: new Date(Date.now() + 60_000), pod: 'wiki' });
    await deployment('Queued', 4);
    expect(await store.due(10)).toEqual([first, second]);
    expect(await store.due(1)).toEqual([first]);
  });

  describe('accepted updates that no deployment was begun for', () => {
    const accepted = async (ageMs: number, deploymentId = ulid()): Promise<string> => {
      await db.dataSource.manager.insert(UpdateEntity, {
        ...{ id: ulid(), deploymentId, client: 'acme', keyId: 'k1', pod: 'shop' },
        source: { kind: 'artifact', artifact: 'a'.repeat(64) },
        ...{ label: 'shop 1', idempotencyKey: null, requestDigest: 'd'.repeat(64) },
        ...{ statement: null, sequence: null },
        createdAt: new Date(Date.now() - ageMs),
      });
      return deploymentId;
    };

    it('are found when they are old enough, oldest first, as the message that was lost', async () => {
      const second = await accepted(70_000);
      const first = await accepted(80_000);
      await accepted(1_000);
      const found = await store.unbegun(60_000, 10);
      expect(found.map(({ submitted }) => submitted.deploymentId)).toEqual([first, second]);
      expect(found[0]?.submitted).toMatchObject({
        publisher: { key: 'k1', client: 'acme' },
        source: { kind: 'artifact', artifact: 'a'.repeat(64) },
        ...{ target: { pod: 'shop' }, label: 'shop 1' },
      });
      expect(found[0]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      expect(await store.unbegun(60_000, 1)).toHaveLength(1);
    });

    it('are not those whose deployment has begun, whatever became of it', async () => {
      const rejected = await deployment('Rejected', 1);
      await accepted(70_000, rejected);
      expect(await store.unbegun(60_000, 10)).toEqual([]);
    });
  });
});
