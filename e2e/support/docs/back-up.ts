import type { DebianPostgres } from '@podway/testing/postgres';
import { migrates, ownCluster, sameContents } from './own-database.js';
import type { Place } from './place.js';
import type { Own } from './stand-ins.js';

/** A database of the reader's own to keep, and an empty cluster to restore it into. */
export class BackUp {
  private constructor(
    private readonly kept: DebianPostgres,
    private readonly restored: DebianPostgres,
  ) {}

  static async make(place: Place): Promise<BackUp> {
    const [kept, restored] = [await ownCluster('podway', { tenants: true }), await ownCluster()];
    await migrates(kept, await place.shell());
    return new BackUp(kept, restored);
  }

  readonly own: Own = (command) => {
    const before = `export DATABASE_URL=${this.kept.url('podway', 'podway')}`;
    const after = `export DATABASE_URL=${this.restored.url('podway', 'podway')} ADMIN_URL=${this.restored.url()}`;
    if (command.startsWith('pg_dump ')) return Promise.resolve({ text: `${before}\n${command}` });
    if (command.startsWith('createdb ')) return Promise.resolve({ text: `${after}\n${command}` });
    if (!command.startsWith('pg_restore ')) return Promise.resolve(undefined);
    return Promise.resolve({ text: command, afterwards: () => sameContents(this.kept, this.restored) });
  };

  async stop(): Promise<void> {
    await this.kept.stop();
    await this.restored.stop();
  }
}
