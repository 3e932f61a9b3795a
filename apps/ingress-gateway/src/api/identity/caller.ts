import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { PodwayError } from '@podway/contracts';
import { EVERY_CLIENT, may, type Identity, type Tenant } from '@podway/persistence';
import type { EndpointSpec } from '../endpoint.js';
import { NotAllowedError } from '../problems/api.errors.js';

export { EVERY_CLIENT } from '@podway/persistence';

/** Who asks, once the guard knows. */
export interface IdentifiedRequest extends Request {
  identity?: Identity;
  endpoint?: EndpointSpec;
}

/** Hands the caller's identity to a handler. Only for endpoints that are not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<IdentifiedRequest>();
  if (!identity) throw new TypeError('A public endpoint has no caller');
  return identity;
});

/**
 * Whether a thing of this client and POD exists for the caller, and the request may do with it what its endpoint does.
 * Without a POD: a thing of the client as a whole.
 */
export function sees(caller: Identity, client: string, pod?: string): boolean {
  return may(caller, 'view', client, pod) && may(caller, caller.needs ?? 'view', client, pod);
}

/**
 * Refuses a request for a thing of this client and POD that the caller may not do.
 * @throws `missing` for what the caller does not see; NotAllowedError for what it sees and may not do that with.
 */
export function refuseUnlessAllowed(
  caller: Identity,
  { client, pod }: { client: string; pod: string },
  missing: PodwayError,
): void {
  if (!may(caller, 'view', client, pod)) throw missing;
  if (!sees(caller, client, pod)) throw new NotAllowedError(caller.needs ?? 'view');
}

/** On whose behalf the database is asked; undefined for the hosting service. */
export function tenantOf(caller: Identity): Tenant | undefined {
  const { client, scopes = [] } = caller;
  if (client === EVERY_CLIENT) return undefined;
  const delegated = scopes.filter((scope) => scope.client !== client).flatMap(({ pods }) => pods ?? []);
  return { client, pods: [...new Set(delegated)] };
}
