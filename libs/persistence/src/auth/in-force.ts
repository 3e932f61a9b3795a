import type { EntityManager } from 'typeorm';
import {
  delegatedScope,
  EVERY_CLIENT,
  ownScope,
  type Credential,
  type Identity,
  type Scope,
} from './access.js';

/** How stale `lastUsedAt` may be: spares a write for each request. */
const LAST_USED_STEP_MS = 60_000;

/** Whether a credential is neither revoked nor expired now. */
export function isValid(row: { revokedAt: Date | null; expiresAt: Date | null }): boolean {
  return !row.revokedAt && (!row.expiresAt || row.expiresAt.getTime() > Date.now());
}

export function isLastUseStale(row: { lastUsedAt: Date | null }): boolean {
  return !row.lastUsedAt || Date.now() - row.lastUsedAt.getTime() > LAST_USED_STEP_MS;
}

/**
 * The identity behind a valid credential, with all that it may do at this moment; undefined when its client is disabled.
 * PODs of a disabled client are delegated to nobody.
 */
export async function identityInForce(
  manager: EntityManager,
  credential: Credential,
): Promise<Identity | undefined> {
  const { keyId, client, role } = credential;
  const identity = { keyId, client, role };
  if (client === EVERY_CLIENT) return { ...identity, scopes: [ownScope(credential)] };
  const rows: { enabled: boolean; delegated: Required<Scope>[] }[] = await manager.query(
    `select c.disabled_at is null as enabled, (
       select coalesce(jsonb_agg(jsonb_build_object('client', d.client, 'pods', d.pods, 'rights', d.rights)), '[]')
         from auth.delegations d join auth.clients owner on owner.name = d.client
        where (d.to_client = $1 or d.to_key = $2) and d.revoked_at is null
          and d.starts_at <= now() and d.ends_at > now() and owner.disabled_at is null
     ) as delegated from auth.clients c where c.name = $1`,
    [client, keyId],
  );
  const [found] = rows;
  if (!found?.enabled) return undefined;
  const delegated = found.delegated.map((one) => delegatedScope(credential, one));
  return { ...identity, scopes: [ownScope(credential), ...delegated] };
}
