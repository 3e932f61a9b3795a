import { IsNull, MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit-scope.js';
import { ClientEntity } from '../entities/index.js';
import { EVERY_CLIENT } from './access.js';

/** Makes sure that these clients are known: who is named by the inventory or by a key is one. */
export async function ensureClients(manager: EntityManager, names: readonly string[]): Promise<void> {
  const real = [...new Set(names)].filter((name) => name !== EVERY_CLIENT).sort();
  if (real.length === 0) return;
  await manager.query(
    'insert into auth.clients (name) select unnest($1::text[]) on conflict (name) do nothing',
    [real],
  );
}

/** The clients of the hosting service. */
export class Clients {
  constructor(private readonly dataSource: DataSource) {}

  /** The new client, or undefined when there is one of that name. */
  async create(name: string, note?: string): Promise<ClientEntity | undefined> {
    const client = { name, note: note ?? null, createdAt: new Date(), disabledAt: null };
    return this.dataSource.transaction(async (manager) => {
      const insert = manager.createQueryBuilder().insert().into(ClientEntity).values(client);
      const { raw } = await insert.orIgnore().returning('name').execute();
      if ((raw as unknown[]).length === 0) return undefined;
      await recordAudit(manager, { client: name, subject: `client/${name}` });
      return client;
    });
  }

  byName(name: string): Promise<ClientEntity | null> {
    return this.dataSource.manager.findOneBy(ClientEntity, { name });
  }

  /** By name, those after `after`. */
  list({ after = '', limit = 100 } = {}): Promise<ClientEntity[]> {
    return this.dataSource.manager.find(ClientEntity, {
      where: { name: MoreThan(after) },
      order: { name: 'ASC' },
      take: limit,
    });
  }

  /** Changes what is given. A client that is disabled has its publishers refused from now on. */
  async change(name: string, change: { disabled?: boolean; note?: string }): Promise<ClientEntity | null> {
    const { disabled, note } = change;
    return this.dataSource.transaction(async (manager) => {
      if (note !== undefined) await manager.update(ClientEntity, { name }, { note });
      if (disabled === true) {
        await manager.update(ClientEntity, { name, disabledAt: IsNull() }, { disabledAt: new Date() });
      }
      if (disabled === false) await manager.update(ClientEntity, { name }, { disabledAt: null });
      const client = await manager.findOneBy(ClientEntity, { name });
      if (client)
        await recordAudit(manager, { client: name, subject: `client/${name}`, detail: { disabled } });
      return client;
    });
  }
}
