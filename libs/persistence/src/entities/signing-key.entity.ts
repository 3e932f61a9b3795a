import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A public key that signs a client's updates. The private one was never here. */
@Entity({ schema: 'auth', name: 'signing_keys' })
export class SigningKeyEntity {
  /** SHA-256 of the public key (SPKI, DER), lower-case hex. */
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  client: string;

  /** PEM, SPKI. */
  @Column('text', { name: 'public_key' })
  publicKey: string;

  @Column('text', { nullable: true })
  note: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt: Date | null;
}
