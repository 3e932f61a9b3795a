import type { DataSource, EntityManager } from 'typeorm';
import { PodwayError } from '@podway/contracts';
import { untilSettled, type DrainProgress } from './drain-progress.js';

export const ROTATION_CHANNEL = 'podway_rotation';

/** A gateway not heard of for this long is taken for dead; it holds up no drain. */
export const GATEWAY_GONE_MS = 30_000;

/** A newer command has changed the POD's rotation since. The caller is a worker of the past. */
export class RotationFencedError extends PodwayError {
  constructor(pod: string, token: number) {
    super('ROTATION.FENCED', `A newer command has changed the rotation of ${pod} since`, {
      details: { pod, token },
    });
  }
}

export interface RotationView {
  generation: number;
  /** `<pod>/<server>` of every server that gets no accesses: out of rotation, or quarantined. */
  out: ReadonlySet<string>;
  /** PODs that take no writes: a deployment that fences them owns them. */
  writesFenced: ReadonlySet<string>;
}

/** Which servers take users' accesses: written by the steps, read by the gateways. */
export class Rotation {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes servers out of rotation or puts them back, all at once.
   * @returns the generation that gateways must have seen for it to be in force.
   * @throws RotationFencedError when a newer command came first.
   */
  async set(pod: string, changes: ReadonlyMap<string, boolean>, fencingToken: number): Promise<number> {
    return this.dataSource.transaction((manager) => setRotation(manager, pod, changes, fencingToken));
  }

  /**
   * Shows a command's token: from now on, older commands can change the POD's rotation no more.
   * @throws RotationFencedError when a newer command came first.
   */
  fence(pod: string, fencingToken: number): Promise<void> {
    return showToken(this.dataSource.manager, pod, fencingToken);
  }

  /** The servers of a POD that are in rotation, out of `servers`. Quarantine, which goes before, is not looked at. */
  async inRotation(pod: string, servers: readonly string[]): Promise<string[]> {
    const rows: { server: string }[] = await this.dataSource.query(
      'select server from ingress.rotation where pod = $1 and not in_rotation',
      [pod],
    );
    const out = new Set(rows.map((row) => row.server));
    return servers.filter((server) => !out.has(server));
  }

  /** What gateways route by. Generation and rows are of one moment. */
  async view(): Promise<RotationView> {
    const rows: { generation: string; out: string[] | null; fenced: string[] | null }[] =
      await this.dataSource.query(
        `select g.generation, (
           select array_agg(o.pod || '/' || o.server) from (
             select pod, server from ingress.rotation where not in_rotation
             union select pod, server from coordinator.server_status where quarantined) o) as out, (
           select array_agg(f.pod) from ingress.write_fences f
             join coordinator.deployments d on d.id = f.deployment_id and d.leased) as fenced
         from ingress.rotation_generation g`,
      );
    const [row] = rows;
    return {
      generation: Number(row?.generation ?? 0),
      out: new Set(row?.out ?? []),
      writesFenced: new Set(row?.fenced ?? []),
    };
  }

  /**
   * A gateway tells which generation it routes by, its running accesses by `<pod>/<server>`, and how many of them may
   * write, by POD.
   */
  async acknowledge(
    gateway: string,
    generation: number,
    running: Record<string, number>,
    runningWrites: Record<string, number> = {},
  ): Promise<void> {
    await this.dataSource.query(
      `insert into ingress.gateways (id, seen_generation, running, running_writes, seen_at)
         values ($1, $2, $3, $4, now())
       on conflict (id) do update set seen_generation = $2, running = $3, running_writes = $4, seen_at = now()`,
      [gateway, generation, JSON.stringify(running), JSON.stringify(runningWrites)],
    );
  }

  /** Accesses that run on the POD's servers through all living gateways, by server, without zeros. */
  async running(pod: string): Promise<ReadonlyMap<string, number>> {
    const rows: { server: string; running: number }[] = await this.dataSource.query(
      `select substr(key, length($1) + 2) as server, sum(value::int)::int as running
         from ingress.gateways, jsonb_each_text(running)
        where seen_at > now() - $2 * interval '1 millisecond' and starts_with(key, $1 || '/')
        group by key`,
      [pod, GATEWAY_GONE_MS],
    );
    return new Map(rows.map((row) => [row.server, row.running]));
  }

  /** A gateway stops. */
  async leave(gateway: string): Promise<void> {
    await this.dataSource.query('delete from ingress.gateways where id = $1', [gateway]);
  }

  /**
   * Waits until every live gateway routes by `generation` and no access runs on `servers`, or the time is over.
   * Accesses still running at the end are told, not waited for; a gateway that has not followed is.
   */
  settled(
    pod: string,
    servers: readonly string[],
    generation: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<DrainProgress> {
    return untilSettled(() => this.progress(pod, servers, generation), timeoutMs, signal);
  }

  private async progress(
    pod: string,
    servers: readonly string[],
    generation: number,
  ): Promise<DrainProgress> {
    const rows: { behind: boolean; running: Record<string, number> }[] = await this.dataSource.query(
      `select seen_generation < $1 as behind, running from ingress.gateways
        where seen_at > now() - $2 * interval '1 millisecond'`,
      [generation, GATEWAY_GONE_MS],
    );
    const keys = servers.map((server) => `${pod}/${server}`);
    const running = rows.reduce(
      (sum, row) => sum + keys.reduce((of, key) => of + (row.running[key] ?? 0), 0),
      0,
    );
    return { acknowledged: rows.every((row) => !row.behind), running };
  }
}

/** As {@link Rotation.set}, inside the caller's transaction. */
export async function setRotation(
  manager: EntityManager,
  pod: string,
  changes: ReadonlyMap<string, boolean>,
  fencingToken: number,
): Promise<number> {
  await showToken(manager, pod, fencingToken);
  const generation = await nextGeneration(manager);
  for (const [server, inRotation] of changes) {
    await manager.query(
      `insert into ingress.rotation (pod, server, in_rotation) values ($1, $2, $3)
       on conflict (pod, server) do update set in_rotation = excluded.in_rotation, changed_at = now()`,
      [pod, server, inRotation],
    );
  }
  return generation;
}

/** Has all gateways look at what this transaction changes of what they route by. */
export async function nextGeneration(manager: EntityManager): Promise<number> {
  // The row's lock orders all changes, so a generation that was seen includes all earlier ones.
  const [[row]]: [[{ generation: string }]] = await manager.query(
    'update ingress.rotation_generation set generation = generation + 1 returning generation',
  );
  await manager.query('select pg_notify($1, $2)', [ROTATION_CHANNEL, '']);
  return Number(row.generation);
}

/** One fence for the whole POD: whoever shows an older token than was seen is of the past. */
async function showToken(manager: EntityManager, pod: string, fencingToken: number): Promise<void> {
  const shown: unknown[] = await manager.query(
    `insert into ingress.rotation_fences as f (pod, fencing_token) values ($1, $2)
     on conflict (pod) do update set fencing_token = excluded.fencing_token
       where f.fencing_token <= excluded.fencing_token
     returning pod`,
    [pod, fencingToken],
  );
  if (shown.length === 0) throw new RotationFencedError(pod, fencingToken);
}
