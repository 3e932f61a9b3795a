import type { DataSource } from 'typeorm';
import type { AuditHead, AuditQuery, AuditRecord, AuditVerificationView } from '@podway/contracts';
import { AuditChainCheck, EMPTY_CHAIN } from '@podway/contracts/audit-chain';
import { appendAudit, type AuditEntry } from './append-audit.js';

export type { AuditEntry } from './append-audit.js';

const PAGE = 1_000;

interface Row {
  seq: string;
  time: Date;
  actor: string;
  client: string;
  action: string;
  subject: string;
  outcome: AuditRecord['outcome'];
  detail: Record<string, unknown>;
  previous_hash: string;
  hash: string;
}

/** What was done and what was refused, by whom. Each record holds the hash of the one before. */
export class AuditLog {
  constructor(private readonly dataSource: DataSource) {}

  /** Appends a record in a transaction of its own: for what has none. Changes use `recordAudit`. */
  async append(entry: AuditEntry): Promise<void> {
    await this.dataSource.transaction((manager) => appendAudit(manager, entry));
  }

  /** Newest first; oldest first with `after`. */
  async list({ client, action, before, after, limit = 100 }: AuditQuery): Promise<AuditRecord[]> {
    const rows: Row[] = await this.dataSource.query(
      `select * from auth.audit_log
        where ($1::text is null or client = $1) and ($2::text is null or action = $2)
          and ($3::bigint is null or seq < $3) and ($4::bigint is null or seq > $4)
        order by seq ${after === undefined ? 'desc' : 'asc'} limit $5`,
      [client ?? null, action ?? null, before ?? null, after ?? null, limit],
    );
    return rows.map(recordOf);
  }

  async head(): Promise<AuditHead> {
    const [last] = await this.list({ limit: 1 });
    return last ? { seq: last.seq, hash: last.hash } : EMPTY_CHAIN;
  }

  /** Follows the chain from the first record to the last, page by page. */
  async verify(head?: AuditHead): Promise<AuditVerificationView> {
    const check = new AuditChainCheck(head);
    for (let after = 0; check.holds;) {
      const page = await this.list({ after, limit: PAGE });
      for (const record of page) check.next(record);
      after = page.at(-1)?.seq ?? after;
      if (page.length < PAGE) break;
    }
    return check.result();
  }
}

function recordOf({ previous_hash: previousHash, ...row }: Row): AuditRecord {
  return { ...row, seq: Number(row.seq), time: row.time.toISOString(), previousHash };
}
