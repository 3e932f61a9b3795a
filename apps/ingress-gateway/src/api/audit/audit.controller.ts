import { Controller } from '@nestjs/common';
import { AuditList, AuditQuery, AuditVerificationQuery, AuditVerificationView } from '@podway/contracts';
import { readAuditHead } from '@podway/contracts/audit-chain';
import { AuditLog } from '@podway/persistence';
import { Endpoint } from '../endpoint.js';
import { QueryOf } from '../input/input.pipes.js';

/** What was done and what was refused, by whom. Records are written by the audit interceptor and by changes themselves. */
@Controller()
export class AuditController {
  constructor(private readonly log: AuditLog) {}

  @Endpoint({
    method: 'get',
    path: '/v1/audit',
    operationId: 'listAudit',
    summary: 'Records of the audit log, newest first; oldest first with `after`',
    role: 'admin',
    query: AuditQuery,
    answer: { status: 200, description: 'A page of records.', json: AuditList },
    problems: [422],
  })
  async list(@QueryOf(AuditQuery) query: AuditQuery): Promise<AuditList> {
    return { records: await this.log.list(query) };
  }

  @Endpoint({
    method: 'get',
    path: '/v1/audit/verification',
    operationId: 'verifyAudit',
    summary: 'Follow the chain of the audit log from the first record to the last',
    role: 'admin',
    query: AuditVerificationQuery,
    answer: { status: 200, description: 'Whether it holds, and where not.', json: AuditVerificationView },
    problems: [422],
  })
  verify(@QueryOf(AuditVerificationQuery) { head }: AuditVerificationQuery): Promise<AuditVerificationView> {
    return this.log.verify(head === undefined ? undefined : readAuditHead(head));
  }
}
