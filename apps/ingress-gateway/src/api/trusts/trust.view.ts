import type { TrustView } from '@podway/contracts';
import type { OidcTrustEntity } from '@podway/persistence';

export function trustView(trust: OidcTrustEntity): TrustView {
  const { id, issuer, audience, claims, client, role, pods, note } = trust;
  const { createdAt, expiresAt, lastUsedAt, revokedAt } = trust;
  return {
    ...{ id, issuer, audience, claims, client, role },
    ...(pods ? { pods } : {}),
    ...(note === null ? {} : { note }),
    createdAt: createdAt.toISOString(),
    ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}),
    ...(lastUsedAt ? { lastUsedAt: lastUsedAt.toISOString() } : {}),
    ...(revokedAt ? { revokedAt: revokedAt.toISOString() } : {}),
  };
}
