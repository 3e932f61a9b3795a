import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { asTenant } from '@podway/persistence';
import { tenantOf, type IdentifiedRequest } from './caller.js';

/** Everything that is done for a client's caller is done as this tenant: docs/adr/0014-row-level-security.md. */
@Injectable()
export class TenantInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { identity } = context.switchToHttp().getRequest<IdentifiedRequest>();
    const tenant = identity && tenantOf(identity);
    if (!tenant) return next.handle();
    return from(asTenant(tenant, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
