import { ulid } from 'ulid';
import { beforeEach, describe, expect, it } from 'vitest';
import { roomy } from '../../test/artifacts.js';
import { useDatabase } from '../../test/database.js';
import { Quotas } from './quotas.js';
import { UploadLeases } from './upload-leases.js';
import { Uploads } from './uploads.js';

describe('the lease of an upload', () => {
  const db = useDatabase();
  let leases: UploadLeases;
  let id: string;
  beforeEach(async () => {
    leases = new UploadLeases(db.dataSource);
    id = ulid();
    const expiresAt = new Date(Date.now() + 60_000);
    const uploads = new Uploads(db.dataSource, new Quotas(db.dataSource, roomy));
    await uploads.open({
      id,
      kind: 'resumable',
      client: 'acme',
      pod: 'shop',
      keyId: 'k',
      bytes: 1,
      expiresAt,
    });
  });

  it('is had by one at a time, and its holder hears that another waits', async () => {
    const tries = await Promise.all(['a', 'b', 'c'].map((holder) => leases.take(id, holder, 60_000)));
    expect(tries.filter(Boolean)).toHaveLength(1);
    const holder = ['a', 'b', 'c'][tries.indexOf(true)]!;
    expect(await leases.renew(id, holder, 60_000)).toBe('wanted');
    await leases.release(id, holder);
    expect(await leases.renew(id, holder, 60_000)).toBe('lost');
    expect(await leases.take(id, 'd', 60_000)).toBe(true);
    expect(await leases.renew(id, 'd', 60_000)).toBe('held');
  });

  it('ends when its holder gives no sign of life', async () => {
    expect(await leases.take(id, 'dead', 50)).toBe(true);
    await expect.poll(() => leases.take(id, 'next', 60_000)).toBe(true);
    expect(await leases.renew(id, 'dead', 60_000)).toBe('lost');
    await leases.release(id, 'dead');
    expect(await leases.renew(id, 'next', 60_000)).not.toBe('lost');
  });

  it('cannot be had for an upload that is not there', async () => {
    expect(await leases.take(ulid(), 'a', 60_000)).toBe(false);
  });
});
