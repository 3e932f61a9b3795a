import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDatabase, Inventory, migrate } from '@podway/persistence';
import { freePort } from '@podway/persistence/embedded';
import { ServiceProcess } from '@podway/testing/fleet';
import { startPostgres } from '@podway/testing/postgres';
import { SiteServer } from '@podway/testing/ssh-servers';

const HOST = 'bench.example';
const ADDRESS = '127.0.0.1';

/** A web server with one page, and a gateway in front of it: each a process of its own. */
export class GatewayScene {
  stopping = [];

  async start(pageBytes) {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-bench-')));
    this.stopping.push(() => rm(folder, { recursive: true, force: true }));
    const sitePort = await this.startSite(folder, pageBytes);
    const postgres = await startPostgres();
    this.stopping.push(() => postgres.stop());
    await this.fillInventory(postgres.url(), sitePort);
    const accessPort = await freePort();
    const gateway = await ServiceProcess.start({
      service: 'ingress-gateway',
      name: 'ingress-gateway',
      logs: folder,
      env: {
        DATABASE_URL: postgres.url(),
        PODWAY_ARTIFACTS_DIR: join(folder, 'artifacts'),
        PODWAY_API_PORT: String(await freePort()),
        PODWAY_ACCESS_PORT: String(accessPort),
        PODWAY_LOG_LEVEL: 'warn',
      },
    });
    this.stopping.push(() => gateway.end());
    return [
      { name: 'direct', host: ADDRESS, port: sitePort, headers: { host: HOST } },
      { name: 'through the gateway', host: ADDRESS, port: accessPort, headers: { host: HOST } },
    ];
  }

  async startSite(folder, pageBytes) {
    await mkdir(join(folder, 'releases/1'), { recursive: true });
    await writeFile(join(folder, 'releases/1/index.html'), 'x'.repeat(pageBytes));
    await symlink('releases/1', join(folder, 'current'));
    const port = await freePort();
    const site = await SiteServer.start({ root: folder, address: ADDRESS, port });
    this.stopping.push(() => site.stop());
    return port;
  }

  async fillInventory(url, sitePort) {
    const database = await connectDatabase({ url });
    await migrate(database);
    const server = { name: 'server-1', local: true, http: `http://${ADDRESS}:${sitePort}` };
    const pod = { name: 'bench', client: 'bench', hosts: [HOST], path: '/srv/bench', servers: [server] };
    await new Inventory(database).apply([{ ...pod, state: { driver: 'tree' } }], 'bench');
    await database.destroy();
  }

  async stop() {
    for (const stop of this.stopping.reverse()) await stop();
  }
}
