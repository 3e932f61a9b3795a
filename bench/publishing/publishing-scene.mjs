import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeys, connectDatabase, Inventory, migrate } from '@podway/persistence';
import { freePort } from '@podway/persistence/embedded';
import { Podway } from '@podway/sdk';
import { ServiceProcess } from '@podway/testing/fleet';
import { startPostgres } from '@podway/testing/postgres';

/** A gateway as a process of its own, and nothing behind it: updates are accepted and wait. */
export class PublishingScene {
  stopping = [];

  /** @returns the API of Podway for a publisher of POD `bench`. */
  async start() {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-bench-')));
    this.stopping.push(() => rm(folder, { recursive: true, force: true }));
    const postgres = await startPostgres();
    this.stopping.push(() => postgres.stop());
    const key = await this.fillInventory(postgres.url());
    const apiPort = await freePort();
    const gateway = await ServiceProcess.start({
      service: 'ingress-gateway',
      name: 'ingress-gateway',
      logs: folder,
      env: {
        DATABASE_URL: postgres.url(),
        PODWAY_ARTIFACTS_DIR: join(folder, 'artifacts'),
        PODWAY_API_PORT: String(apiPort),
        PODWAY_ACCESS_PORT: String(await freePort()),
        PODWAY_LOG_LEVEL: 'warn',
      },
    });
    this.stopping.push(() => gateway.end());
    return new Podway({ url: `http://127.0.0.1:${apiPort}`, key });
  }

  async fillInventory(url) {
    const database = await connectDatabase({ url });
    await migrate(database);
    const server = { name: 'server-1', local: true, http: 'http://127.0.0.1:9' };
    const pod = { name: 'bench', client: 'bench', path: '/srv/bench', servers: [server] };
    await new Inventory(database).apply([{ ...pod, state: { driver: 'tree' } }], 'bench');
    const { text } = await new ApiKeys(database).create({ client: 'bench', role: 'publisher' });
    await database.destroy();
    return text;
  }

  async stop() {
    for (const stop of this.stopping.reverse()) await stop();
  }
}
