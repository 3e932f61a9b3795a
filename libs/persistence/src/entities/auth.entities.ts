import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { KeyRole } from '@podway/contracts';

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
  role: KeyRole;

  /** Who holds it, for people. */
  @Column('text', { nullable: true })
  publisher: string | null;

  /** The only PODs that it is good for; null: all that its client may. */
  @Column('text', { array: true, nullable: true })
  pods: string[] | null;

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
