import { Column, Entity, PrimaryColumn } from 'typeorm';

export const roles = ['viewer', 'publisher', 'operator', 'admin'] as const;
/** viewer reads; publisher also publishes and aborts; operator also acts on all PODs; admin also changes inventory and keys. */
export type Role = (typeof roles)[number];

/** A credential. The secret itself is never kept. */
@Entity({ schema: 'auth', name: 'api_keys' })
export class ApiKeyEntity {
  /** Public part of the key, shown in lists and logs. */
  @PrimaryColumn('text')
  id: string;

  /** SHA-256 of the secret part, lower-case hex. */
  @Column('text', { name: 'secret_digest' })
  secretDigest: string;

  /** `*` for operators and admins of the hosting service. */
  @Column('text')
  client: string;

  @Column('text')
  role: Role;

  @Column('text', { nullable: true })
  note: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null;
}
