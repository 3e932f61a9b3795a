import type { DataSource } from 'typeorm';
import type { Envelope } from '@podway/contracts';
import type { Visible } from '../auth/access.js';
import { visibleWhere } from '../auth/visible-where.js';
import { Notifications } from '../notifications.js';
import { beyondTenant } from '../tenancy/tenant.js';
import { EVENTS_CHANNEL } from './event-log.js';

export interface EventFilter {
  /** Only what is visible. Unset: all. */
  visible?: Visible | undefined;
  /** Only events of this client. Unset: of all. */
  client?: string;
  pod?: string;
  deploymentId?: string;
  types?: readonly string[];
}

/** Reads the public event log by sequence, and tells when there may be more. */
export class EventFeed {
  private readonly notifications: Notifications;

  constructor(
    private readonly dataSource: DataSource,
    url: string,
  ) {
    this.notifications = new Notifications(url, EVENTS_CHANNEL);
  }

  start(): void {
    this.notifications.start();
  }

  close(): Promise<void> {
    return this.notifications.close();
  }

  /** Calls `callback` when new events may be there. Returns the function that ends this. */
  onMore(callback: () => void): () => void {
    return this.notifications.on(callback);
  }

  /** Events after `sequence`, in order, at most `limit`. */
  async after(sequence: number, filter: EventFilter, limit = 500): Promise<Envelope[]> {
    const values: unknown[] = [
      sequence,
      filter.client ?? null,
      filter.pod ?? null,
      filter.deploymentId ?? null,
      filter.types ?? null,
      limit,
    ];
    const visible = visibleWhere(
      filter.visible,
      { client: 'client', pod: 'pod' },
      (value) => `$${values.push(value)}`,
    );
    const rows: { sequence: string; envelope: Envelope }[] = await this.dataSource.query(
      `select sequence, envelope from coordinator.event_log
        where sequence > $1
          and ($2::text is null or client = $2)
          and ($3::text is null or pod = $3)
          and ($4::text is null or deployment_id = $4)
          and ($5::text[] is null or type = any($5))
          and ${visible}
        order by sequence limit $6`,
      values,
    );
    return rows.map((row) => ({ ...row.envelope, sequence: row.sequence }));
  }

  /** The highest sequence given so far, or 0. */
  async last(): Promise<number> {
    // A place in the log of all, also for a reader who sees few of its events.
    const rows: { last: string | null }[] = await beyondTenant(() =>
      this.dataSource.query('select max(sequence) as last from coordinator.event_log'),
    );
    return Number(rows[0]?.last ?? 0);
  }

  /** The lowest sequence that is still there, or 0 for an empty log. */
  async oldest(): Promise<number> {
    const rows: { oldest: string | null }[] = await beyondTenant(() =>
      this.dataSource.query('select min(sequence) as oldest from coordinator.event_log'),
    );
    return Number(rows[0]?.oldest ?? 0);
  }
}
