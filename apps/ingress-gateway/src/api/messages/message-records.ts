import { Injectable } from '@nestjs/common';
import {
  asTenant,
  auditing,
  AuditLog,
  type AuditScope,
  type BrokerUserEntity,
  type Identity,
} from '@podway/persistence';
import { AuditRefusals } from '../audit/audit-refusals.js';
import { tenantOf } from '../identity/caller.js';
import type { ToldProblem } from '../problems/told-problem.js';
import type { Submission } from '../updates/update-intake.js';

/** The operation of the API that a message is as good as. */
const ACTION = 'publishUpdate';
const SUBJECT = 'amqp';

/** What HTTP's interceptors and filter do besides: the tenant's wall, and records in the audit log. */
@Injectable()
export class MessageRecords {
  constructor(
    private readonly log: AuditLog,
    private readonly refusals: AuditRefusals,
  ) {}

  /** Publishes as this caller: within its rows, and recorded. */
  async publishing(caller: Identity, publish: () => Promise<Submission>): Promise<Submission> {
    const who = { actor: caller.keyId, client: caller.client, action: ACTION, subject: SUBJECT };
    const scope: AuditScope = { ...who, detail: {}, recorded: false };
    const tenant = tenantOf(caller);
    return auditing(scope, async () => {
      const submission = await (tenant ? asTenant(tenant, publish) : publish());
      const outcome = submission.replayed ? ('repeated' as const) : ('accepted' as const);
      if (!scope.recorded) await this.log.append({ ...who, outcome, detail: {} });
      return submission;
    });
  }

  async refused({ name, client }: BrokerUserEntity, { code, status }: ToldProblem): Promise<void> {
    const who = { actor: `broker:${name}`, client, action: ACTION, subject: SUBJECT };
    await this.refusals.record({ ...who, outcome: 'refused', detail: { code, status } });
  }
}
