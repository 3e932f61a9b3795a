import { Injectable, NotFoundException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ownRight } from '@podway/contracts';
import { ApiKeys, mayActAs, type Identity } from '@podway/persistence';
import { endpointOf } from '../endpoint.js';
import { NotAllowedError, NotAuthenticatedError } from '../problems/api.errors.js';
import type { IdentifiedRequest } from './caller.js';
import { OidcTokens } from './oidc-tokens.js';

/** Longer than any key, and than the tokens of CI systems. */
const BEARER = /^Bearer +([^\s]{1,8192})$/i;

/** Lets in who may. A handler that is no declared endpoint is not reachable at all. */
@Injectable()
export class IdentityGuard implements CanActivate {
  constructor(
    private readonly keys: ApiKeys,
    private readonly tokens: OidcTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const endpoint = endpointOf(context.getHandler());
    if (!endpoint) throw new NotFoundException();
    const request = context.switchToHttp().getRequest<IdentifiedRequest>();
    request.endpoint = endpoint;
    if (endpoint.role === 'public') return true;

    const header = request.headers.authorization;
    const text = BEARER.exec(header ?? '')?.[1];
    const identity = text === undefined ? undefined : await this.identify(text);
    if (!identity) throw new NotAuthenticatedError(header !== undefined);
    const needs = ownRight(endpoint.role);
    // Known also to what records refusals.
    request.identity = { ...identity, needs };
    if (!mayActAs(identity, endpoint.role)) throw new NotAllowedError(needs);
    return true;
  }

  private identify(text: string): Promise<Identity | undefined> {
    return text.startsWith('pw_') ? this.keys.identify(text) : this.tokens.identify(text);
  }
}
