import { describe, expect, it } from 'vitest';
import type { AuditRecord, AuditVerificationView } from './api/audit.js';
import { AuditChainCheck, auditHash, EMPTY_CHAIN, readAuditHead } from './audit-chain.js';

function chain(length: number): AuditRecord[] {
  const records: AuditRecord[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const record = {
      ...{ seq, time: `2026-01-01T12:00:0${seq % 10}.000Z`, actor: 'abcdefghijkl', client: 'acme' },
      ...{ action: 'publishUpdate', subject: 'pod/shop', outcome: 'accepted' as const },
      ...{
        detail: { updateId: `u${seq}`, sequence: seq },
        previousHash: records.at(-1)?.hash ?? EMPTY_CHAIN.hash,
      },
    };
    records.push({ ...record, hash: auditHash(record) });
  }
  return records;
}

function checked(records: readonly AuditRecord[], head?: string): AuditVerificationView {
  const check = new AuditChainCheck(head === undefined ? undefined : readAuditHead(head));
  for (const record of records) check.next(record);
  return check.result();
}

const good = chain(6);
const headOf = ({ seq, hash }: AuditRecord): string => `${seq}:${hash}`;
const at = (index: number): AuditRecord => good[index] as AuditRecord;

describe('a chain', () => {
  it('holds', () => {
    expect(checked(good)).toEqual({ intact: true, records: 6, head: { seq: 6, hash: at(5).hash } });
    expect(checked([])).toEqual({ intact: true, records: 0, head: EMPTY_CHAIN });
  });

  it('holds when it has grown since a head was written down', () => {
    expect(checked(good, headOf(at(3)))).toMatchObject({ intact: true });
  });

  const changes: Partial<AuditRecord>[] = [
    { seq: 9 },
    { time: '2026-01-01T12:00:03.001Z' },
    { actor: 'abcdefghijkm' },
    { client: 'rival' },
    { action: 'abortDeployment' },
    { subject: 'pod/blog' },
    { outcome: 'refused' },
    { detail: { updateId: 'u3', sequence: 4 } },
    { detail: {} },
    { previousHash: 'f'.repeat(64) },
    { hash: 'f'.repeat(64) },
  ];
  it.each(changes)('is broken at a record with %j', (change) => {
    const found = checked(good.map((one) => (one.seq === 3 ? { ...one, ...change } : one)));
    expect(found).toMatchObject({ intact: false, brokenAt: 3, records: 2, head: { seq: 2 } });
  });

  it('is broken behind a record whose hash was made to fit', () => {
    const { hash: _, ...rest } = { ...at(2), client: 'rival' };
    const fitting = { ...rest, hash: auditHash(rest) };
    expect(checked(good.map((one) => (one.seq === 3 ? fitting : one)))).toMatchObject({ brokenAt: 4 });
  });

  it.each([
    ['the first is gone', good.slice(1), 1],
    ['one in the middle is gone', [...good.slice(0, 2), ...good.slice(3)], 3],
    ['two have changed places', [at(0), at(2), at(1), ...good.slice(3)], 2],
    ['one is there twice', [at(0), at(1), at(1), at(2)], 2],
  ])('is broken where %s', (_, records, brokenAt) => {
    expect(checked(records)).toMatchObject({ intact: false, brokenAt });
  });

  it('that was cut at its end is found by the head alone', () => {
    const cut = good.slice(0, 4);
    expect(checked(cut)).toMatchObject({ intact: true });
    expect(checked(cut, headOf(at(5)))).toMatchObject({ intact: false, brokenAt: 5 });
    expect(checked([], headOf(at(5)))).toMatchObject({ intact: false, brokenAt: 1 });
  });

  it('that was made anew as a whole is found by the head alone', () => {
    const anew = good.reduce<AuditRecord[]>((made, { hash: _, ...one }) => {
      const record = { ...one, actor: 'nobody', previousHash: made.at(-1)?.hash ?? EMPTY_CHAIN.hash };
      return [...made, { ...record, hash: auditHash(record) }];
    }, []);
    expect(checked(anew)).toMatchObject({ intact: true });
    expect(checked(anew, headOf(at(3)))).toMatchObject({ intact: false, brokenAt: 4 });
  });
});

it.each(['', '1', '0:' + 'a'.repeat(64), '1:abc', `1:${'A'.repeat(64)}`])('%j is no head', (text) => {
  expect(readAuditHead(text)).toBeUndefined();
});
