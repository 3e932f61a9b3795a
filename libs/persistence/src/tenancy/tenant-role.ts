import type { QueryRunner } from 'typeorm';
import { PodwayError } from '@podway/contracts';

/** The database has no role for tenants, and Podway's user may not make one. The message has the SQL to run. */
export class TenantRoleError extends PodwayError {
  constructor(user: string, cause: unknown) {
    super(
      'DATABASE.ROLE_NEEDED',
      `The database user ${user} may not make the role podway_tenant, or may not take it. ` +
        `Let an administrator of the database run: create role podway_tenant nologin; grant podway_tenant to "${user}"; ` +
        `(the first part only where the role is not there yet), then migrate again`,
      { details: { user }, cause },
    );
  }
}

/** The role is one of the whole cluster: another database of ours may have made it, or may be making it now. */
const ENSURE = `
  do $$
  begin
    if not exists (select from pg_roles where rolname = 'podway_tenant') then
      begin
        create role podway_tenant nologin;
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    begin
      set local role podway_tenant;
      set local role none;
    exception when insufficient_privilege then
      execute format('grant podway_tenant to %I', current_user);
    end;
  end $$`;

/**
 * Makes sure that there is a role `podway_tenant` and that this user may take it.
 * @throws TenantRoleError when the user may do neither; PodwayError DATABASE.ROLE_UNFIT for a role that walls do not hold.
 */
export async function ensureTenantRole(runner: QueryRunner): Promise<void> {
  try {
    await runner.query(ENSURE);
  } catch (error) {
    if ((error as { code?: string }).code !== '42501') throw error;
    const url = (runner.connection.options as { url?: string }).url ?? 'postgres://podway@localhost/';
    throw new TenantRoleError(decodeURIComponent(new URL(url).username), error);
  }
  const unfit: unknown[] = await runner.query(
    `select from pg_roles where rolname = 'podway_tenant' and (rolsuper or rolbypassrls)`,
  );
  if (unfit.length > 0) {
    throw new PodwayError(
      'DATABASE.ROLE_UNFIT',
      'The role podway_tenant may bypass row-level security; run: alter role podway_tenant nosuperuser nobypassrls',
    );
  }
}
