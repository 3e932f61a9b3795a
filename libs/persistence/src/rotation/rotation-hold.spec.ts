import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { useDatabase } from '../../test/database.js';
import { Rotation } from './rotation.js';
import { RotationHold, type HeldRotation } from './rotation-hold.js';

describe('RotationHold', () => {
  const db = useDatabase();
  const short = { waitMs: 200, lookValidMs: 5_000, idleMs: 300 };
  let hold: RotationHold;
  beforeEach(() => {
    hold = new RotationHold(db.dataSource);
  });

  it('sees servers out of rotation and quarantined ones, of this POD only', async () => {
    const rotation = new Rotation(db.dataSource);
    await rotation.set('shop', new Map([['web1', false]]), 1);
    await rotation.set('blog', new Map([['web9', false]]), 1);
    await db.dataSource.query(
      `insert into coordinator.server_status (pod, server, quarantined, updated_at)
       values ('shop', 'web2', true, now()), ('shop', 'web3', false, now()), ('blog', 'web8', true, now())`,
    );
    expect(await hold.out('shop')).toEqual(new Set(['web1', 'web2']));
  });

  it('sees a change that another process makes meanwhile', async () => {
    const rotation = new Rotation(await db.another());
    await hold.exclusively('shop', async ({ look }) => {
      expect(await look()).toEqual(new Set());
      await rotation.set('shop', new Map([['web1', false]]), 1);
      expect(await look()).toEqual(new Set(['web1']));
    });
  });

  it('lets one process in at a time for a POD, and others for other PODs', async () => {
    const other = new RotationHold(await db.another());
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, (inside += 1));
      await sleep(10);
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4].flatMap(() => [hold, other].map((one) => one.exclusively('shop', work))));
    expect(most).toBe(1);
    await hold.exclusively('shop', () => other.exclusively('blog', work));
  });

  it('waits for another one only so long', async () => {
    const other = new RotationHold(await db.another(), short);
    await hold.exclusively('shop', async () => {
      await expect(other.exclusively('shop', sleep as () => Promise<void>)).rejects.toMatchObject({
        code: 'ROTATION.HELD',
        retryable: true,
      });
    });
    expect(await other.exclusively('shop', async () => 'free')).toBe('free');
  });

  it('passes on what went wrong inside, and is free again', async () => {
    const failing = hold.exclusively('shop', () => Promise.reject(new RangeError('inside')));
    await expect(failing).rejects.toThrow(new RangeError('inside'));
    expect(await hold.exclusively('shop', async () => 'free')).toBe('free');
  });

  it('is taken from a process that stands still, which can act no more', async () => {
    const other = new RotationHold(await db.another());
    const stopped = new RotationHold(db.dataSource, short);
    const ended = stopped.exclusively('shop', async ({ look }) => {
      await look();
      await sleep(600);
      return look();
    });
    const failed = expect(ended).rejects.toThrow();
    await sleep(50);
    expect(await other.exclusively('shop', async () => 'free')).toBe('free');
    await failed;
    expect(await stopped.exclusively('shop', async () => 'free')).toBe('free');
  });

  it('acts on nothing that it has not looked at, or not for a while', async () => {
    const outdated = expect.objectContaining({ code: 'ROTATION.OUTDATED', retryable: true }) as Error;
    const work = async ({ look, check }: HeldRotation): Promise<void> => {
      expect(check).toThrow(outdated);
      await look();
      check();
      const later = performance.now() + 5_001;
      const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
      expect(check).toThrow(outdated);
      clock.mockRestore();
    };
    await hold.exclusively('shop', work);
  });
});
