import type { DataSource } from 'typeorm';

/** Kept on each server when the POD's entry does not say how many. */
const KEPT_BY_DEFAULT = 5;

/**
 * Releases whose states servers keep: those of the newest `keep` different states of each POD in the inventory. A
 * release that went back has the state of the one that it went back to, and makes that state the newest.
 */
export const keptReleases = `
  select p.client, r.pod, r.number, r.artifact
    from coordinator.releases r
    join inventory.pods p on p.name = r.pod and p.removed_at is null
    join inventory.pod_revisions v on v.pod = p.name and v.revision = p.revision
    join (select pod, tree_id, row_number() over (partition by pod order by max(number) desc) as place
            from coordinator.releases group by pod, tree_id) states
      on states.pod = r.pod and states.tree_id = r.tree_id
   where states.place <= coalesce((v.spec->'state'->>'keep')::int, ${KEPT_BY_DEFAULT})`;

/** Which releases of a POD its servers still keep. */
export class KeptReleases {
  constructor(private readonly dataSource: DataSource) {}

  /** Numbers of the kept releases, newest first. */
  async of(pod: string): Promise<number[]> {
    const rows: { number: number }[] = await this.dataSource.query(
      `select number from (${keptReleases}) kept where pod = $1 order by number desc`,
      [pod],
    );
    return rows.map(({ number }) => number);
  }
}
