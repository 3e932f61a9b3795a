import type { MigrationInterface, QueryRunner } from 'typeorm';
import { ensureTenantRole } from '../tenancy/tenant-role.js';
import { tenantTable, tenantTables } from '../tenancy/tenant-tables.js';

/** What the role `podway_tenant` may read and write: rows of its client, and of PODs that it was given besides. */
export class RowLevelSecurity1790000022000 implements MigrationInterface {
  readonly name = 'RowLevelSecurity1790000022000';

  async up(runner: QueryRunner): Promise<void> {
    await ensureTenantRole(runner);
    await runner.query(`
      grant usage on schema coordinator, inventory, ingress, auth to podway_tenant;
      grant insert on ingress.outbox to podway_tenant;
      ${tenantTables.map(tenantTable).join('\n')}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${tenantTables
        .map(
          ({ table }) => `
            drop policy tenant_rows on ${table};
            alter table ${table} disable row level security;
            revoke all on ${table} from podway_tenant;`,
        )
        .join('\n')}
      revoke all on ingress.outbox from podway_tenant;
      revoke all on schema coordinator, inventory, ingress, auth from podway_tenant;
    `);
  }
}
