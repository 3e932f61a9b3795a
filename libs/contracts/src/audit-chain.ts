import { createHash } from 'node:crypto';
import type { AuditHead, AuditRecord, AuditVerificationView } from './api/audit.js';
import { canonicalJson, type Json } from './canonical-json.js';

/** Before the first record. */
export const EMPTY_CHAIN: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** The hash that a record must have: SHA-256 over the canonical JSON of all its other fields. */
export function auditHash(record: Omit<AuditRecord, 'hash'>): string {
  const { seq, time, actor, client, action, subject, outcome, detail, previousHash } = record;
  const said = { seq, time, actor, client, action, subject, outcome, detail: detail as Json, previousHash };
  return createHash('sha256').update(canonicalJson(said)).digest('hex');
}

/** `<seq>:<hash>` as a head; undefined for another form. */
export function readAuditHead(text: string): AuditHead | undefined {
  const [, seq, hash] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** Follows the chain record by record, from the first on. Keeps no record. */
export class AuditChainCheck {
  private last = EMPTY_CHAIN;
  private records = 0;
  private broken: { at: number; reason: string } | undefined;
  private metHead = false;

  /** @param head a record that must be there: it was written down outside. */
  constructor(private readonly head?: AuditHead) {}

  /** Whether it makes sense to go on. */
  get holds(): boolean {
    return this.broken === undefined;
  }

  next(record: AuditRecord): void {
    if (this.broken) return;
    const reason = this.problemOf(record);
    if (reason !== undefined) {
      // What is missing or out of place is what should have come now.
      const at = Math.min(this.last.seq + 1, Number.isSafeInteger(record.seq) ? record.seq : Infinity);
      this.broken = { at, reason };
      return;
    }
    this.records += 1;
    this.last = { seq: record.seq, hash: record.hash };
    if (this.head?.seq === record.seq) this.metHead = true;
  }

  /** What was found, after the last record. */
  result(): AuditVerificationView {
    if (!this.broken && this.head && !this.metHead) {
      this.broken = {
        at: this.last.seq + 1,
        reason: `the log ends before record ${this.head.seq}, which was there`,
      };
    }
    const found = this.broken ? { brokenAt: this.broken.at, reason: this.broken.reason } : {};
    return { intact: !this.broken, records: this.records, head: this.last, ...found };
  }

  private problemOf(record: AuditRecord): string | undefined {
    const wanted = this.last.seq + 1;
    if (record.seq !== wanted) return `record ${record.seq} is where ${wanted} should be`;
    if (record.previousHash !== this.last.hash) return 'it does not continue the record before';
    if (record.hash !== hashOrNone(record)) return 'its content is not what its hash says';
    if (this.head?.seq === record.seq && this.head.hash !== record.hash) {
      return 'its hash is not the one that was written down';
    }
    return undefined;
  }
}

function hashOrNone(record: AuditRecord): string | undefined {
  try {
    return auditHash(record);
  } catch {
    return undefined;
  }
}
