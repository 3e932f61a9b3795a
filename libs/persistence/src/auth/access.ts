import { isHostingRole, ownRight, podRights, rightsOf, type KeyRole, type Right } from '@podway/contracts';

/** Client of the publishers of the hosting service: they see every client. */
export const EVERY_CLIENT = '*';

export type Role = KeyRole;

/** Rights on PODs of one client. */
export interface Scope {
  /** `*`: of every client. */
  readonly client: string;
  /** Unset: on all PODs of the client, and on what belongs to none. */
  readonly pods?: readonly string[];
  readonly rights: readonly Right[];
}

/** Who is behind a request. Never holds the secret. */
export interface Identity {
  /** The key's id, or `oidc:<id>` of the trust behind a token. At most 100 characters. */
  keyId: string;
  /** `*` for people of the hosting service. */
  client: string;
  role: Role;
  /** All that it may do: its own, and what was delegated to it. Unset: all that its role may with its client. */
  scopes?: readonly Scope[];
  /** The right that this request exercises; set by the guard. Unset: it looks only. */
  needs?: Right;
  /** When the token ends that it came with. */
  validUntil?: Date;
  /** Whom the issuer says the token stands for: its `sub`. At most 255 characters. */
  tokenSubject?: string;
}

/** What of all there is exists for somebody: PODs of these clients. */
export type Visible = readonly Pick<Scope, 'client' | 'pods'>[];

/** A credential in force. */
export interface Credential {
  readonly keyId: string;
  readonly client: string;
  readonly role: Role;
  /** The only PODs that it is good for. */
  readonly pods?: readonly string[] | null;
}

/** What the credential may by itself. Only the hosting service has rights beyond PODs. */
export function ownScope({ client, role, pods }: Credential): Scope {
  const ofClient = (right: Right): boolean => (podRights as readonly Right[]).includes(right);
  return {
    client,
    rights: client === EVERY_CLIENT ? rightsOf[role] : rightsOf[role].filter(ofClient),
    ...(pods ? { pods } : {}),
  };
}

/** What was delegated, less what the credential itself may not: a viewer stays one, a key for some PODs too. */
export function delegatedScope(credential: Credential, delegated: Required<Scope>): Scope {
  const own: readonly Right[] = rightsOf[credential.role];
  const { pods } = credential;
  return {
    client: delegated.client,
    pods: pods ? delegated.pods.filter((pod) => pods.includes(pod)) : delegated.pods,
    rights: delegated.rights.filter((right) => own.includes(right)),
  };
}

/** All that it may do: its own, and what was delegated to it. */
export function scopesOf(identity: Identity): readonly Scope[] {
  return identity.scopes ?? [ownScope(identity)];
}

/** Whether it may do what only this role and those that include it may, somewhere. */
export function mayActAs(identity: Identity, role: Role): boolean {
  const right = ownRight(role);
  return scopesOf(identity).some(
    (scope) => scope.rights.includes(right) && (!isHostingRole(role) || scope.client === EVERY_CLIENT),
  );
}

/** Whether it has the right on this POD of this client. Without a POD: on what belongs to the client as a whole. */
export function may(identity: Identity, right: Right, client: string, pod?: string): boolean {
  return scopesOf(identity).some(
    (scope) =>
      scope.rights.includes(right) &&
      (scope.client === EVERY_CLIENT || scope.client === client) &&
      (scope.pods === undefined || (pod !== undefined && scope.pods.includes(pod))),
  );
}

/** What lists and event streams show it. Undefined: everything. */
export function visibleTo(identity: Identity): Visible | undefined {
  const seen = scopesOf(identity).filter((scope) => scope.rights.includes('view'));
  if (seen.some((scope) => scope.client === EVERY_CLIENT && scope.pods === undefined)) return undefined;
  return seen.map(({ client, pods }) => ({ client, ...(pods ? { pods } : {}) }));
}
