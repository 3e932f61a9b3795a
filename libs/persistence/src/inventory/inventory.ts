import type { DataSource, EntityManager } from 'typeorm';
import { isDeepStrictEqual } from 'node:util';
import { PodwayError, validated, PodSpec, type ResourceSpec } from '@podway/contracts';
import type { Visible } from '../auth/access.js';
import { ensureClients } from '../auth/clients.js';
import { visibleWhere } from '../auth/visible-where.js';
import { recordAudit, type AuditFacts } from '../audit/audit-scope.js';
import { ROTATION_CHANNEL } from '../rotation/rotation.js';
import { PodEntity, PodRevisionEntity } from '../entities/index.js';
import { putResources } from './resources.js';

export interface InventoryChange {
  pod: string;
  change: 'added' | 'changed' | 'unchanged' | 'removed';
  revision: number;
}

export interface InventoryPod {
  spec: PodSpec;
  revision: number;
}

/** The inventory cannot take the file as it is. */
export class InventoryConflictError extends PodwayError {}

/** The PODs and their servers. Entries are revisions: what a deployment works with does not change under it. */
export class Inventory {
  constructor(private readonly dataSource: DataSource) {}

  /** One revision of a POD's entry, or undefined. */
  async revision(pod: string, revision: number): Promise<PodSpec | undefined> {
    const row = await this.dataSource.manager.findOneBy(PodRevisionEntity, { pod, revision });
    return row ? validated(PodSpec, row.spec) : undefined;
  }

  /** The entry in force, or undefined for a POD that is not (or no longer) in the inventory. */
  async current(pod: string): Promise<InventoryPod | undefined> {
    const [found] = await this.list({ pod });
    return found;
  }

  /** All PODs in force, by name. */
  async list(
    filter: { client?: string; pod?: string; visible?: Visible | undefined } = {},
  ): Promise<InventoryPod[]> {
    const values: unknown[] = [filter.client ?? null, filter.pod ?? null];
    const visible = visibleWhere(
      filter.visible,
      { client: 'p.client', pod: 'p.name' },
      (value) => `$${values.push(value)}`,
    );
    const rows: { spec: object; revision: number }[] = await this.dataSource.query(
      `select r.spec, r.revision from inventory.pods p
         join inventory.pod_revisions r on r.pod = p.name and r.revision = p.revision
        where p.removed_at is null and ($1::text is null or p.client = $1) and ($2::text is null or p.name = $2)
          and ${visible}
        order by p.name`,
      values,
    );
    return rows.map((row) => ({ spec: validated(PodSpec, row.spec), revision: row.revision }));
  }

  /** Changes whenever the inventory does: spares reading all of it again. */
  async stamp(): Promise<string> {
    const rows: { stamp: string }[] = await this.dataSource.query(
      `select count(*) || '.' || coalesce(sum(revision), 0) || '.' || count(removed_at) as stamp from inventory.pods`,
    );
    return rows[0]?.stamp ?? '';
  }

  /**
   * Makes the inventory what `specs` and `resources` say, all or nothing. What is not named stays, unless `prune`.
   * @throws InventoryConflictError a host name in two PODs, or a POD that belongs to another client.
   * @throws ResourceConflictError a resource of PODs that are not its client's.
   */
  async apply(
    specs: readonly PodSpec[],
    by: string,
    { prune = false, resources = [] }: { prune?: boolean; resources?: readonly ResourceSpec[] } = {},
  ): Promise<InventoryChange[]> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('lock table inventory.pods in share row exclusive mode');
      await ensureClients(
        manager,
        specs.map((spec) => spec.client),
      );
      const changes: InventoryChange[] = [];
      for (const spec of specs) changes.push(await this.put(manager, spec, by));
      if (prune) changes.push(...(await this.remove(manager, new Set(specs.map((spec) => spec.name)))));
      await this.refuseSharedHosts(manager);
      await putResources(manager, resources, prune);
      await manager.query('select pg_notify($1, $2)', [ROTATION_CHANNEL, '']);
      await recordAudit(manager, auditFacts(changes, prune));
      return changes;
    });
  }

  private async put(manager: EntityManager, spec: PodSpec, by: string): Promise<InventoryChange> {
    const pod = await manager.findOneBy(PodEntity, { name: spec.name });
    if (pod && pod.client !== spec.client) {
      throw new InventoryConflictError(
        'INVENTORY.OTHER_CLIENT',
        `POD ${spec.name} belongs to client ${pod.client}; choose another name for the POD of ${spec.client}`,
        { details: { pod: spec.name } },
      );
    }
    const plain: unknown = JSON.parse(JSON.stringify(spec));
    if (pod) {
      const last = await manager.findOneByOrFail(PodRevisionEntity, {
        pod: pod.name,
        revision: pod.revision,
      });
      if (!pod.removedAt && isDeepStrictEqual(last.spec, plain))
        return { pod: spec.name, change: 'unchanged', revision: pod.revision };
      await keepNewServersOut(manager, spec, last.spec);
    }
    const revision = (pod?.revision ?? 0) + 1;
    await manager.insert(PodRevisionEntity, {
      pod: spec.name,
      revision,
      spec: plain as PodSpec,
      createdAt: new Date(),
      createdBy: by,
    });
    await manager.save(PodEntity, {
      name: spec.name,
      client: spec.client,
      revision,
      hosts: spec.hosts ?? [],
      removedAt: null,
    });
    return { pod: spec.name, change: pod && !pod.removedAt ? 'changed' : 'added', revision };
  }

  private async remove(manager: EntityManager, named: ReadonlySet<string>): Promise<InventoryChange[]> {
    const all = await manager.find(PodEntity);
    const gone = all.filter((pod) => !pod.removedAt && !named.has(pod.name));
    for (const pod of gone) await manager.update(PodEntity, { name: pod.name }, { removedAt: new Date() });
    return gone.map((pod) => ({ pod: pod.name, change: 'removed', revision: pod.revision }));
  }

  private async refuseSharedHosts(manager: EntityManager): Promise<void> {
    const rows: { host: string; pods: string[] }[] = await manager.query(
      `select host, array_agg(name order by name) as pods from inventory.pods, unnest(hosts) as host
        where removed_at is null group by host having count(*) > 1`,
    );
    const clash = rows[0];
    if (clash) {
      throw new InventoryConflictError(
        'INVENTORY.HOST_TAKEN',
        `Host ${clash.host} is claimed by more than one POD: ${clash.pods.join(', ')}`,
        { details: { host: clash.host, pods: clash.pods } },
      );
    }
  }
}

/** A server that joins a POD with releases holds none of them: it takes accesses once it has caught up, not before. */
async function keepNewServersOut(manager: EntityManager, spec: PodSpec, last: PodSpec): Promise<void> {
  const known = new Set(last.servers.map((server) => server.name));
  const joining = spec.servers.map((server) => server.name).filter((name) => !known.has(name));
  if (joining.length === 0) return;
  await manager.query(
    `insert into ingress.rotation (pod, server, in_rotation)
       select $1, name, false from unnest($2::text[]) as name
        where exists (select 1 from coordinator.releases where pod = $1)
     on conflict (pod, server) do update set in_rotation = false, changed_at = now()`,
    [spec.name, joining],
  );
  await manager.query('update ingress.rotation_generation set generation = generation + 1');
}

/** More changed PODs than these are only counted. */
const MOST_NAMED = 50;

function auditFacts(changes: readonly InventoryChange[], prune: boolean): AuditFacts {
  const of = (kind: InventoryChange['change']): object => {
    const names = changes
      .filter(({ change }) => change === kind)
      .map(({ pod, revision }) => `${pod}@${revision}`);
    return { count: names.length, pods: names.slice(0, MOST_NAMED) };
  };
  const unchanged = changes.filter(({ change }) => change === 'unchanged').length;
  return {
    subject: 'inventory',
    detail: { prune, added: of('added'), changed: of('changed'), removed: of('removed'), unchanged },
  };
}
