import { beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '@podway/contracts';
import { AuditChainCheck } from '@podway/contracts/audit-chain';
import { useDatabase } from '../../test/database.js';
import { ApiKeys } from '../auth/api-keys.js';
import { AuditLog, type AuditEntry } from './audit-log.js';
import { auditing, recordAudit } from './audit-scope.js';

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ actor: 'abcdefghijkl', client: 'acme', action: 'publishUpdate', subject: 'pod/shop' },
  ...{ outcome: 'accepted', detail: { updateId: '01J', nested: { b: [1, 2.5, 1e21], a: 'ü€😀' } } },
  ...changes,
});

describe('AuditLog', () => {
  const db = useDatabase();
  let log: AuditLog;
  beforeEach(() => {
    log = new AuditLog(db.dataSource);
  });
  const append = async (count: number): Promise<void> => {
    for (let each = 1; each <= count; each += 1) await log.append(entry({ detail: { each } }));
  };
  /** As somebody who may do all with the database. */
  const tamper = (sql: string): Promise<void> =>
    db.dataSource.transaction(async (manager) => {
      await manager.query('set local session_replication_role = replica');
      await manager.query(sql);
    });

  it('chains what is appended, whatever its detail', async () => {
    await log.append(entry());
    await log.append(entry({ outcome: 'refused', detail: {} }));
    const [second, first] = await log.list({});
    expect(first).toMatchObject({ seq: 1, ...entry(), previousHash: '0'.repeat(64) });
    expect(second).toMatchObject({ seq: 2, outcome: 'refused', previousHash: first?.hash });
    expect(await log.head()).toEqual({ seq: 2, hash: second?.hash });
    expect(await log.verify()).toMatchObject({ intact: true, records: 2 });
  });

  it('gives pages, by client and by action', async () => {
    await append(5);
    await log.append(entry({ client: 'rival', action: 'signIn' }));
    const seqs = (records: AuditRecord[]): number[] => records.map(({ seq }) => seq);
    expect(seqs(await log.list({ limit: 2 }))).toEqual([6, 5]);
    expect(seqs(await log.list({ limit: 2, before: 5 }))).toEqual([4, 3]);
    expect(seqs(await log.list({ limit: 2, after: 3 }))).toEqual([4, 5]);
    expect(seqs(await log.list({ client: 'rival' }))).toEqual([6]);
    expect(seqs(await log.list({ action: 'publishUpdate', limit: 1 }))).toEqual([5]);
  });

  it('chains what several processes append at once', async () => {
    const processes = [db.dataSource, await db.another(), await db.another()].map((one) => new AuditLog(one));
    await Promise.all(
      Array.from({ length: 90 }, (_, each) => processes[each % 3]?.append(entry({ detail: { each } }))),
    );
    expect(await log.verify()).toMatchObject({ intact: true, records: 90 });
    const records = await log.list({ limit: 200 });
    expect(new Set(records.map(({ detail }) => detail.each)).size).toBe(90);
  });

  it('is longer than a page, and is followed to its end', async () => {
    await append(3);
    await tamper(`insert into auth.audit_log select seq + 3, time, actor, client, action, subject, outcome, detail,
      previous_hash, 'x' || seq from generate_series(1, 2500) seq, (select time, actor, client, action, subject, outcome,
      detail, previous_hash from auth.audit_log limit 1) one`);
    expect(await log.verify()).toMatchObject({ intact: false, brokenAt: 4, records: 3 });
  });

  it.each([
    'update auth.audit_log set actor = $$x$$',
    'delete from auth.audit_log',
    'truncate auth.audit_log',
  ])('refuses: %s', async (sql) => {
    await append(1);
    await expect(db.dataSource.query(sql)).rejects.toMatchObject({ code: '42501' });
    expect(await log.verify()).toMatchObject({ intact: true, records: 1 });
  });

  it.each([
    ['a time', `update auth.audit_log set time = time + interval '1 ms' where seq = 3`, 3],
    ['a person', `update auth.audit_log set actor = 'somebodyelse' where seq = 3`, 3],
    ['a client', `update auth.audit_log set client = 'rival' where seq = 3`, 3],
    ['an action', `update auth.audit_log set action = 'abortDeployment' where seq = 3`, 3],
    ['a subject', `update auth.audit_log set subject = 'pod/blog' where seq = 3`, 3],
    ['an outcome', `update auth.audit_log set outcome = 'refused' where seq = 3`, 3],
    ['a detail', `update auth.audit_log set detail = '{"each": 33}' where seq = 3`, 3],
    ['a hash', `update auth.audit_log set hash = repeat('a', 64) where seq = 3`, 3],
    ['the hash before', `update auth.audit_log set previous_hash = repeat('a', 64) where seq = 3`, 3],
    ['a number', `update auth.audit_log set seq = 30 where seq = 5`, 5],
    ['one that is gone', `delete from auth.audit_log where seq = 3`, 3],
    ['the first that is gone', `delete from auth.audit_log where seq = 1`, 1],
    [
      'two that changed places',
      `update auth.audit_log set seq = -seq where seq in (2, 3); update auth.audit_log set seq = 5 + seq where seq < 0`,
      2,
    ],
  ])('finds %s', async (_, sql, brokenAt) => {
    await append(5);
    await tamper(sql);
    expect(await log.verify()).toMatchObject({ intact: false, brokenAt });
  });

  it('finds a cut end by a head that was written down', async () => {
    await append(5);
    const head = await log.head();
    await tamper('delete from auth.audit_log where seq > 3');
    expect(await log.verify()).toMatchObject({ intact: true, records: 3 });
    expect(await log.verify(head)).toMatchObject({ intact: false, brokenAt: 4 });
    await append(2);
    expect(await log.verify(head)).toMatchObject({ intact: false, brokenAt: 5 });
  });

  it('is exported by SQL alone as what the chain is made of', async () => {
    await log.append(entry());
    await append(3);
    const rows: { record: AuditRecord }[] = await db.dataSource.query(
      'select record from auth.audit_records order by seq',
    );
    const check = new AuditChainCheck(await log.head());
    for (const { record } of rows) check.next(record);
    expect(check.result()).toMatchObject({ intact: true, records: 4 });
  });

  describe('a change', () => {
    const scope = () => ({
      ...{ actor: 'k', client: '*', action: 'createKey', subject: '/v1/keys', recorded: false },
      detail: { tokenSubject: 'ann' },
    });

    it('is recorded in its own transaction, with what it knows', async () => {
      const one = scope();
      const { id } = await auditing(one, () =>
        new ApiKeys(db.dataSource).create({ client: 'acme', role: 'viewer' }),
      );
      expect(one.recorded).toBe(true);
      expect(await log.list({})).toMatchObject([
        { actor: 'k', client: 'acme', action: 'createKey', subject: `key/${id}`, outcome: 'accepted' },
      ]);
      expect((await log.list({}))?.[0]?.detail).toMatchObject({ tokenSubject: 'ann', role: 'viewer' });
    });

    it('that does not come to be is not recorded', async () => {
      const run = db.dataSource.transaction(async (manager) => {
        await auditing(scope(), () => recordAudit(manager, {}));
        throw new Error('no');
      });
      await expect(run).rejects.toThrow('no');
      expect(await log.list({})).toEqual([]);
    });

    it('that nobody asked for is not recorded', async () => {
      await new ApiKeys(db.dataSource).create({ client: 'acme', role: 'viewer' });
      expect(await log.list({})).toEqual([]);
    });
  });
});
