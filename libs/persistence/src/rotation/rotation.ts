import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { PodwayError } from '@podway/contracts';

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
}

export interface DrainProgress {
  /** Every live gateway routes by the generation. */
  acknowledged: boolean;
  /** Accesses still running on the servers named. */
  running: number;
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
    const rows: { generation: string; out: string[] | null }[] = await this.dataSource.query(
      `select g.generation, (
           select array_agg(o.pod || '/' || o.server) from (
             select pod, server from ingress.rotation where not in_rotation
             union select pod, server from coordinator.server_status where quarantined) o) as out
         from ingress.rotation_generation g`,
    );
    return { generation: Number(rows[0]?.generation ?? 0), out: new Set(rows[0]?.out ?? []) };
  }

  /** A gateway tells which generation it routes by, and its running accesses by `<pod>/<server>`. */
  async acknowledge(gateway: string, generation: number, running: Record<string, number>): Promise<void> {
    await this.dataSource.query(
      `insert into ingress.gateways (id, seen_generation, running, seen_at) values ($1, $2, $3, now())
       on conflict (id) do update set seen_generation = $2, running = $3, seen_at = now()`,
      [gateway, generation, JSON.stringify(running)],
    );
  }

  /** A gateway stops. */
  async leave(gateway: string): Promise<void> {
    await this.dataSource.query('delete from ingress.gateways where id = $1', [gateway]);
  }

  /**
   * Waits until every live gateway routes by `generation` and no access runs on `servers`, or the time is over.
   * Accesses still running at the end are told, not waited for; a gateway that has not followed is.
   */
  async settled(
    pod: string,
    servers: readonly string[],
    generation: number,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<DrainProgress> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const progress = await this.progress(pod, servers, generation);
      if ((progress.acknowledged && progress.running === 0) || Date.now() >= until) return progress;
      await sleep(20, undefined, { signal });
    }
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
  // The row's lock orders all changes, so a generation that was seen includes all earlier ones.
  const [[row]]: [[{ generation: string }]] = await manager.query(
    'update ingress.rotation_generation set generation = generation + 1 returning generation',
  );
  for (const [server, inRotation] of changes) {
    await manager.query(
      `insert into ingress.rotation (pod, server, in_rotation) values ($1, $2, $3)
       on conflict (pod, server) do update set in_rotation = excluded.in_rotation, changed_at = now()`,
      [pod, server, inRotation],
    );
  }
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
