import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PodRight, RequiredClaim, TokenRole } from '@podway/contracts';

/** A tenant of the hosting service. */
@Entity({ schema: 'auth', name: 'clients' })
export class ClientEntity {
  @PrimaryColumn('text')
  name: string;

  @Column('text', { nullable: true })
  note: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  /** Since when its publishers are refused. */
  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt: Date | null;
}

/** Whose tokens are taken, and as whom. */
@Entity({ schema: 'auth', name: 'oidc_trusts' })
export class OidcTrustEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  issuer: string;

  @Column('text')
  audience: string;

  @Column('jsonb')
  claims: RequiredClaim[];

  @Column('text')
  client: string;

  @Column('text')
  role: TokenRole;

  /** The only PODs that its tokens are good for; null: all that the client may. */
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

/** A third party's leave to act on some PODs of a client. One of `toClient` and `toKey` is set. */
@Entity({ schema: 'auth', name: 'delegations' })
export class DelegationEntity {
  @PrimaryColumn('text')
  id: string;

  /** Whose PODs they are. */
  @Column('text')
  client: string;

  @Column('text', { array: true })
  pods: string[];

  @Column('text', { name: 'to_client', nullable: true })
  toClient: string | null;

  @Column('text', { name: 'to_key', nullable: true })
  toKey: string | null;

  @Column('text', { array: true })
  rights: PodRight[];

  @Column('timestamptz', { name: 'starts_at' })
  startsAt: Date;

  @Column('timestamptz', { name: 'ends_at' })
  endsAt: Date;

  @Column('text', { nullable: true })
  note: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;
}
