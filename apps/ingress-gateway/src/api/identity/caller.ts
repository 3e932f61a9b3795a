import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { keyRoles, type KeyRole } from '@podway/contracts';
import type { Identity } from '@podway/persistence';

/** Client of the keys of the hosting service: they see every client. */
export const EVERY_CLIENT = '*';

/** Who asks, after the guard has let them in. */
export interface IdentifiedRequest extends Request {
  identity?: Identity;
}

/** Hands the caller's identity to a handler. Only for endpoints that are not public. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<IdentifiedRequest>();
  if (!identity) throw new TypeError('A public endpoint has no caller');
  return identity;
});

/** Whether things of this client exist for the caller. */
export function sees(caller: Identity, client: string): boolean {
  return caller.client === EVERY_CLIENT || caller.client === client;
}

/** The client that the caller is limited to; undefined for the hosting service. */
export function clientScope(caller: Identity): string | undefined {
  return caller.client === EVERY_CLIENT ? undefined : caller.client;
}

/** Whether the caller's role is `needed` or above. Operators and admins are so for the hosting service only. */
export function hasRole(caller: Identity, needed: KeyRole): boolean {
  const high = keyRoles.indexOf(caller.role) >= keyRoles.indexOf(needed);
  const hosting = needed === 'operator' || needed === 'admin';
  return high && (!hosting || caller.client === EVERY_CLIENT);
}
