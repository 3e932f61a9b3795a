import type { EntityManager } from 'typeorm';
import type { AuditRecord } from '@podway/contracts';
import { auditHash, EMPTY_CHAIN } from '@podway/contracts/audit-chain';
import { advisoryLocks } from '../advisory-locks.js';

export type AuditEntry = Omit<AuditRecord, 'seq' | 'time' | 'previousHash' | 'hash'>;

/** Appends a record to the chain. Appends of all processes come one after the other, each until its commit. */
export async function appendAudit(manager: EntityManager, entry: AuditEntry): Promise<void> {
  await manager.query('select pg_advisory_xact_lock($1)', [advisoryLocks.auditLog]);
  const [last]: { seq: string; hash: string }[] = await manager.query(
    'select seq, hash from auth.audit_log order by seq desc limit 1',
  );
  // As it comes back from the database: what cannot be kept must not be hashed.
  const detail = JSON.parse(JSON.stringify(entry.detail)) as Record<string, unknown>;
  const previousHash = last?.hash ?? EMPTY_CHAIN.hash;
  const seq = Number(last?.seq ?? EMPTY_CHAIN.seq) + 1;
  const record = { ...entry, detail, seq, time: new Date().toISOString(), previousHash };
  await manager.query(
    `insert into auth.audit_log (seq, time, actor, client, action, subject, outcome, detail, previous_hash, hash)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[seq, record.time, entry.actor, entry.client, entry.action, entry.subject, entry.outcome],
      ...[JSON.stringify(detail), previousHash, auditHash(record)],
    ],
  );
}
