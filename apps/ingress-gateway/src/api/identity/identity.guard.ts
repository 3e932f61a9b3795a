import { Injectable, NotFoundException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ApiKeys } from '@podway/persistence';
import { endpointOf } from '../endpoint.js';
import { NotAllowedError, NotAuthenticatedError } from '../problems/api.errors.js';
import { hasRole, type IdentifiedRequest } from './caller.js';

const BEARER = /^Bearer +([^\s]{1,200})$/i;

/** Lets in who may. A handler that is no declared endpoint is not reachable at all. */
@Injectable()
export class IdentityGuard implements CanActivate {
  constructor(private readonly keys: ApiKeys) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(context.getHandler());
    if (!endpoint) throw new NotFoundException();
    if (endpoint.role === 'public') return true;

    const request = context.switchToHttp().getRequest<IdentifiedRequest>();
    const header = request.headers.authorization;
    const key = BEARER.exec(header ?? '')?.[1];
    const identity = key === undefined ? undefined : await this.keys.identify(key);
    if (!identity) throw new NotAuthenticatedError(header !== undefined);
    if (!hasRole(identity, endpoint.role)) throw new NotAllowedError(endpoint.role);
    request.identity = identity;
    return true;
  }
}
