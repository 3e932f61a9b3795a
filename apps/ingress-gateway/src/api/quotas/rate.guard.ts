import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Quotas } from '@podway/persistence';
import { endpointOf } from '../endpoint.js';
import { EVERY_CLIENT, type IdentifiedRequest } from '../identity/caller.js';

const READING = new Set(['get', 'head', 'options']);

/** Bounds how often a client may change something. Looking is free, and so is the hosting service. */
@Injectable()
export class RateGuard implements CanActivate {
  constructor(private readonly quotas: Quotas) {}

  /** @throws RateExceededError */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { identity } = context.switchToHttp().getRequest<IdentifiedRequest>();
    const client = identity?.client === EVERY_CLIENT ? undefined : identity?.client;
    const method = endpointOf(context.getHandler())?.method ?? 'get';
    if (client !== undefined && !READING.has(method)) await this.quotas.takeToken(client);
    return true;
  }
}
