/** Whether a key or a trust is in force, for people. */
export function credentialState({
  revokedAt,
  expiresAt,
}: {
  revokedAt?: string;
  expiresAt?: string;
}): string {
  if (revokedAt !== undefined) return 'revoked';
  if (expiresAt === undefined) return 'good';
  return `${new Date(expiresAt) <= new Date() ? 'expired' : 'until'} ${expiresAt.slice(0, 10)}`;
}

/** A moment, to the minute. */
export function minute(time: string): string {
  return time.slice(0, 16).replace('T', ' ');
}
