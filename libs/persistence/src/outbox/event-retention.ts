import type { DataSource } from 'typeorm';

const REMOVED_AT_ONCE = 5_000;

/** Cuts the beginning off the public event log. Knows no tenants. */
export class EventRetention {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Removes events from before a time, from the first on, up to one that is still needed: a deployment has not ended before
   * that time, a webhook waits for it, or it was not published. The last event always stays: the next one is numbered by it.
   * @returns how many were removed.
   */
  async prune(before: Date): Promise<number> {
    const [kept]: { sequence: string | null }[] = await this.dataSource.query(FIRST_KEPT, [before]);
    for (let removed = 0; ;) {
      const [, count]: [unknown, number] = await this.dataSource.query(REMOVE, [kept?.sequence ?? 0]);
      removed += count;
      if (count < REMOVED_AT_ONCE) return removed;
    }
  }
}

// A failed roll-back is over, and keeps its lease: it may be taken up again.
const FIRST_KEPT = `
  select coalesce((
    select e.sequence from coordinator.event_log e
     where e.sequence is not null and (
       e.created_at >= $1 or not e.published
       or exists (
         select 1 from coordinator.deployments d where d.id = e.deployment_id
            and (d.finished_at is null or d.finished_at >= $1 or d.leased))
       or exists (
         select 1 from ingress.webhooks w
          where w.client = e.client and w.state = 'active' and w.sequence < e.sequence
            and not exists (select 1 from auth.clients c where c.name = w.client and c.disabled_at is not null)))
     order by e.sequence limit 1
  ), max(sequence)) as sequence from coordinator.event_log`;

// In their order: a reader whose next events are gone is to be told so, and sees it by the first that is there.
const REMOVE = `
  delete from coordinator.event_log where sequence in (
    select sequence from coordinator.event_log where sequence < $1 order by sequence limit ${REMOVED_AT_ONCE})`;
