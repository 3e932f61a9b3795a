import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { auditing, AuditLog, type AuditScope } from '@podway/persistence';
import { endpointOf, type EndpointSpec } from '../endpoint.js';
import type { IdentifiedRequest } from '../identity/caller.js';

/** Methods that change nothing. */
const READS: ReadonlySet<string> = new Set(['get', 'head', 'options']);

export function changes({ method }: Pick<EndpointSpec, 'method'>): boolean {
  return !READS.has(method);
}

/** Who does what, as the audit log has it. */
export function auditScope(request: IdentifiedRequest, action: string): AuditScope {
  const { keyId: actor = '-', client = '-', tokenSubject } = request.identity ?? {};
  const detail = tokenSubject === undefined ? {} : { tokenSubject };
  return { actor, client, action, subject: request.path.slice(0, 500), detail, recorded: false };
}

/**
 * Every endpoint that changes something leaves a record, whoever wrote it: the change itself does in its transaction, or
 * else this does afterwards. Refusals are recorded by the filter that answers them.
 */
@Injectable()
export class AuditInterceptor implements NestInterceptor {
  constructor(private readonly log: AuditLog) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const endpoint = endpointOf(context.getHandler());
    if (!endpoint || !changes(endpoint)) return next.handle();
    const request = context.switchToHttp().getRequest<IdentifiedRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const scope = auditScope(request, endpoint.operationId);
    return from(
      auditing(scope, async () => {
        const answer: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
        if (!scope.recorded) await this.append(scope, response.hasHeader('Idempotency-Replayed'));
        return answer;
      }),
    );
  }

  private async append({ recorded: _, ...who }: AuditScope, repeated: boolean): Promise<void> {
    await this.log.append({ ...who, outcome: repeated ? 'repeated' : 'accepted' });
  }
}
