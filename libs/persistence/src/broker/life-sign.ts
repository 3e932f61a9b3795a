import type { Pool, PoolClient } from 'pg';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { growingDelays } from '@podway/messaging';
import { advisoryLocks } from '../advisory-locks.js';
import { Turns } from '../turns.js';

export const wakeChannel = 'podway_broker';

/**
 * A session of its own that holds an advisory lock for every consumer of this process, and listens for wake-ups.
 * When the process dies, Postgres ends the session and with it the locks; whoever sweeps next sees it.
 * When only the session dies, it is made again and the same locks are taken.
 */
export class LifeSign {
  private readonly ids = new Set<number>();
  /** One question at a time: it is one session. */
  private readonly turns = new Turns(1);
  private client: PoolClient | undefined;
  private closed = false;

  constructor(
    private readonly pool: Pool,
    private readonly onWake: (queue: string | undefined) => void,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  get held(): boolean {
    return this.client !== undefined;
  }

  /** Consumers of this process. */
  get consumers(): readonly number[] {
    return [...this.ids];
  }

  /** Resolves when the session is there. Rejects when it cannot be made now. */
  async open(): Promise<void> {
    if (this.client) return;
    const client = await this.pool.connect();
    const lost = (error?: Error): void => {
      client.removeListener('end', lost);
      if (this.client !== client) return;
      this.client = undefined;
      client.release(error ?? true);
      void this.reopen(error);
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => this.onWake(payload));
    try {
      await client.query(`listen ${wakeChannel}`);
      for (const id of this.ids) {
        // The lost session may hold it for a while yet; it speaks for us until it ends.
        if (!(await lock(client, id))) throw new Error(`consumer ${id} is still held by a lost session`);
      }
    } catch (error) {
      client.release(true);
      throw error;
    }
    this.client = client;
    // What was told while nobody listened.
    this.onWake(undefined);
  }

  /** A new consumer; its id is nobody else's. */
  async enter(): Promise<number> {
    for (;;) {
      const id = randomInt(1, 2 ** 31 - 1);
      if (this.ids.has(id)) continue;
      if (!(await this.turns.take(async () => !this.client || lock(this.client, id)))) continue;
      this.ids.add(id);
      return id;
    }
  }

  /** What the consumer still has in hand is anyone's from now on. */
  async leave(id: number): Promise<void> {
    if (!this.ids.delete(id)) return;
    const unlock = async (): Promise<void> => {
      await this.client?.query('select pg_advisory_unlock($1, $2)', [advisoryLocks.lifeSigns, id]);
    };
    await this.turns.take(unlock).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    const { client } = this;
    this.client = undefined;
    client?.release(true);
  }

  private async reopen(cause?: Error): Promise<void> {
    if (cause) this.onTrouble(cause);
    const delays = growingDelays();
    while (!this.closed && !this.client) {
      try {
        await this.open();
        if (this.closed) this.close();
      } catch {
        await sleep(delays.next().value);
      }
    }
  }
}

async function lock(client: PoolClient, id: number): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1, $2) as locked', [
    advisoryLocks.lifeSigns,
    id,
  ]);
  return rows[0]?.locked ?? false;
}
