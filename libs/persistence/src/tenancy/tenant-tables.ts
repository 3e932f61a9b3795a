/** A table that tenants reach, and which of its rows are theirs. */
export interface TenantTable {
  readonly table: string;
  /** What tenants may do with their rows. */
  readonly may: string;
  /** SQL: whether a row is the tenant's to see. */
  readonly sees: string;
  /** SQL: whether a row may be written by the tenant. Default: as `sees`. */
  readonly writes?: string;
}

// In sub-selects, so that they are evaluated once for each statement and not for each row.
const client = `(select current_setting('podway.client', true))`;
const pods = `(select string_to_array(current_setting('podway.pods', true), ','))`;

/** Rows of the tenant's client, and of PODs that it was given. */
const byClient = `client = ${client}`;
const byPod = (pod: string): string => `${byClient} or ${pod} = any (${pods}::text[])`;
/** Rows of PODs that the tenant sees: the POD's own policy decides. */
const byInventory = (pod: string): string =>
  `exists (select 1 from inventory.pods seen where seen.name = ${pod})`;

export const tenantTables: readonly TenantTable[] = [
  { table: 'inventory.pods', may: 'select', sees: byPod('name') },
  { table: 'inventory.pod_revisions', may: 'select', sees: byInventory('pod_revisions.pod') },
  // Until the POD is resolved, the one that was named.
  {
    table: 'coordinator.deployments',
    may: 'select',
    sees: byPod(`coalesce(pod, data->'target'->>'pod')`),
  },
  { table: 'coordinator.event_log', may: 'select', sees: byPod('pod') },
  { table: 'coordinator.releases', may: 'select', sees: byInventory('releases.pod') },
  { table: 'coordinator.server_status', may: 'select', sees: byInventory('server_status.pod') },
  { table: 'ingress.rotation', may: 'select', sees: byInventory('rotation.pod') },
  {
    table: 'ingress.updates',
    may: 'select, insert',
    sees: byPod('pod'),
    writes: `exists (select 1 from inventory.pods seen where seen.name = updates.pod and seen.client = updates.client)`,
  },
  {
    table: 'ingress.sequences',
    may: 'select, insert, update',
    sees: byPod('pod'),
    writes: `exists (select 1 from inventory.pods seen where seen.name = sequences.pod and seen.client = sequences.client)`,
  },
  {
    table: 'ingress.artifacts',
    may: 'select, insert',
    sees: byClient,
    // Who may publish to a POD of another client stores artifacts for it, and does not get to see that client's.
    writes: `exists (select 1 from inventory.pods seen where seen.client = artifacts.client)`,
  },
  { table: 'auth.signing_keys', may: 'select', sees: byClient },
];

/** Those that came later. */
export const waitingTables: readonly TenantTable[] = [
  { table: 'ingress.pod_pauses', may: 'select, insert, delete', sees: byInventory('pod_pauses.pod') },
  {
    table: 'inventory.resources',
    may: 'select',
    sees: `${byClient} or pods && ${pods}::text[]`,
  },
  {
    table: 'coordinator.update_groups',
    may: 'select',
    sees: 'exists (select 1 from coordinator.deployments seen where seen.update_id = update_groups.id)',
  },
];

/** Marks of releases, and questions about them. */
export const releaseTables: readonly TenantTable[] = [
  { table: 'ingress.release_marks', may: 'select, insert, delete', sees: byInventory('release_marks.pod') },
  { table: 'ingress.comparisons', may: 'select, insert, delete', sees: byInventory('comparisons.pod') },
];

export const driftTables: readonly TenantTable[] = [
  { table: 'coordinator.drift_checks', may: 'select', sees: byInventory('drift_checks.pod') },
];

/** PODs whose users may not write. */
export const fenceTables: readonly TenantTable[] = [
  { table: 'ingress.write_fences', may: 'select', sees: byInventory('write_fences.pod') },
];

/** Webhooks are the client's, not a POD's: no delegation shows them. */
export const webhookTables: readonly TenantTable[] = [
  { table: 'ingress.webhooks', may: 'select, insert, update, delete', sees: byClient },
  { table: 'ingress.webhook_deliveries', may: 'select, insert, update', sees: byClient },
];

export const logTables: readonly TenantTable[] = [
  { table: 'coordinator.log_lines', may: 'select', sees: byPod('pod') },
];

/** SQL that puts a table behind the wall. For migrations. */
export function tenantTable({ table, may, sees, writes = sees }: TenantTable): string {
  return `
    alter table ${table} enable row level security;
    create policy tenant_rows on ${table} to podway_tenant using (${sees}) with check (${writes});
    grant ${may} on ${table} to podway_tenant;`;
}
