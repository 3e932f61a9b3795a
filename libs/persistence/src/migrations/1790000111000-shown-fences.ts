import type { MigrationInterface, QueryRunner } from 'typeorm';
import { fenceTables, tenantTable } from '../tenancy/tenant-tables.js';

/** Who may see a POD is told when its users may not write. */
export class ShownFences1790000111000 implements MigrationInterface {
  readonly name = 'ShownFences1790000111000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(fenceTables.map(tenantTable).join('\n'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      revoke all on ingress.write_fences from podway_tenant;
      drop policy tenant_rows on ingress.write_fences;
      alter table ingress.write_fences disable row level security;
    `);
  }
}
