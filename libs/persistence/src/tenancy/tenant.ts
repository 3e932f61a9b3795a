import { AsyncLocalStorage } from 'node:async_hooks';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { NAME } from '@podway/contracts';

/** On whose behalf the database is asked. */
export interface Tenant {
  readonly client: string;
  /** PODs of other clients that it may see besides. */
  readonly pods: readonly string[];
}

const tenants = new AsyncLocalStorage<Tenant>();

/** Runs something on behalf of a tenant: what it asks of a {@link tenantScoped} database gives rows of this tenant alone. */
export function asTenant<T>(tenant: Tenant, run: () => Promise<T>): Promise<T> {
  return tenants.run(tenant, run);
}

/** Runs something beyond the tenant that it is called for. Only for what tells nothing about others. */
export function beyondTenant<T>(run: () => Promise<T>): Promise<T> {
  return tenants.exit(run);
}

/**
 * The same pool, behind a second wall: within {@link asTenant} every statement runs as the database role `podway_tenant`,
 * which row-level security holds to the tenant's rows. Elsewhere it is the pool as it was.
 */
export function tenantScoped(dataSource: DataSource): DataSource {
  const scoped = Object.create(dataSource) as DataSource;
  const createQueryRunner: DataSource['createQueryRunner'] = function (this: DataSource, mode) {
    const runner = Reflect.apply(dataSource.createQueryRunner, scoped, [mode]) as QueryRunner;
    const tenant = tenants.getStore();
    return tenant ? walled(runner, tenant) : runner;
  };
  Object.defineProperty(scoped, 'createQueryRunner', { value: createQueryRunner });
  Object.defineProperty(scoped, 'manager', { value: scoped.createEntityManager() });
  return scoped;
}

/** Lets a transaction on behalf of a tenant go on with all rights: for the last, own words of Podway in it. */
export const LEAVE_TENANT = 'set local role none';

/** Runs a part of a transaction with all rights, for Podway's own accounts; then the transaction is the tenant's again. */
export async function leavingTenant<T>(manager: EntityManager, run: () => Promise<T>): Promise<T> {
  if (!tenants.getStore()) return run();
  await manager.query(LEAVE_TENANT);
  const result = await run();
  await manager.query('set local role podway_tenant');
  return result;
}

function enterTenant({ client, pods }: Tenant): string {
  const wrong = [client, ...pods].find((name) => !NAME.test(name));
  if (wrong !== undefined) throw new TypeError(`${wrong} is no name of a client or POD`);
  return (
    `set local role podway_tenant; set local podway.client = '${client}'; ` +
    `set local podway.pods = '${pods.join(',')}'`
  );
}

/** A runner whose transactions begin as the tenant. A statement outside of one gets one, which its release ends. */
function walled(runner: QueryRunner, tenant: Tenant): QueryRunner {
  const enter = enterTenant(tenant);
  const start = runner.startTransaction.bind(runner);
  const query = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  const release = runner.release.bind(runner);
  let state: 'idle' | 'own' | 'given' = 'idle';

  const endOwn = async (): Promise<void> => {
    if (state !== 'own') return;
    state = 'idle';
    await query('commit');
  };
  runner.startTransaction = async (isolation) => {
    await endOwn();
    const nested = runner.isTransactionActive;
    state = 'given';
    await start(isolation);
    if (!nested) await query(enter);
  };
  runner.query = (async (...args: unknown[]) => {
    if (state === 'idle') {
      state = 'own';
      await query(`start transaction; ${enter}`);
    }
    return query(...args);
  }) as QueryRunner['query'];
  runner.release = async () => {
    try {
      await endOwn();
    } finally {
      await release();
    }
  };
  return runner;
}
