import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EventFormat, WebhookState } from '@podway/contracts';
import { bigintAsNumber } from './columns.js';

/** A URL that gets the events of a client. */
@Entity({ schema: 'ingress', name: 'webhooks' })
export class WebhookEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text')
  client: string;

  @Column('text')
  url: string;

  /** Null: events of all PODs, and of none. */
  @Column('text', { array: true, nullable: true })
  pods: string[] | null;

  /** Null: all types. */
  @Column('text', { array: true, nullable: true })
  types: string[] | null;

  @Column('text')
  format: EventFormat;

  @Column('text', { nullable: true })
  note: string | null;

  @Column('text')
  secret: string;

  /** Signs too, until `previousUntil`. */
  @Column('text', { name: 'previous_secret', nullable: true })
  previousSecret: string | null;

  @Column('timestamptz', { name: 'previous_until', nullable: true })
  previousUntil: Date | null;

  @Column('text')
  state: WebhookState;

  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: string | null;

  /** Sequence of the last event that it is done with. */
  @Column('bigint', { transformer: bigintAsNumber })
  sequence: number;

  /** Tries in a row that failed. */
  @Column('int')
  failures: number;

  @Column('timestamptz', { name: 'failing_since', nullable: true })
  failingSince: Date | null;

  @Column('timestamptz', { name: 'retry_at', nullable: true })
  retryAt: Date | null;

  /** Who sends to it now, and until when nobody else does. */
  @Column('text', { nullable: true })
  lease: string | null;

  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil: Date | null;

  /** When it was last its turn. */
  @Column('timestamptz', { name: 'turn_at', nullable: true })
  turnAt: Date | null;

  @Column('text', { name: 'created_by' })
  createdBy: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt: Date;
}

/** One event for one webhook, and how the last try to send it ended. */
@Entity({ schema: 'ingress', name: 'webhook_deliveries' })
export class WebhookDeliveryEntity {
  @PrimaryColumn('text')
  id: string;

  @Column('text', { name: 'webhook_id' })
  webhookId: string;

  @Column('text')
  client: string;

  /** Null for a test. */
  @Column('bigint', { nullable: true, transformer: bigintAsNumber })
  sequence: number | null;

  @Column('text', { name: 'event_id' })
  eventId: string;

  @Column('text')
  type: string;

  @Column('int')
  tries: number;

  @Column('int', { nullable: true })
  status: number | null;

  @Column('text', { nullable: true })
  error: string | null;

  @Column('int', { name: 'duration_ms' })
  durationMs: number;

  @Column('timestamptz', { name: 'first_tried_at' })
  firstTriedAt: Date;

  @Column('timestamptz', { name: 'last_tried_at' })
  lastTriedAt: Date;

  @Column('timestamptz', { name: 'delivered_at', nullable: true })
  deliveredAt: Date | null;
}
