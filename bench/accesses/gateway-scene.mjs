import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectDatabase, Inventory, migrate } from '@podway/persistence';
import { freePort } from '@podway/persistence/embedded';
import { ensurePackages, ServiceProcess } from '@podway/testing/fleet';
import { startHaproxy } from '@podway/testing/haproxy';
import { startPostgres } from '@podway/testing/postgres';
import { tell } from '../measuring/report.mjs';

const HOST = 'bench.example';
const ADDRESS = '127.0.0.1';
const pageServer = new URL('page-server.mjs', import.meta.url).pathname;

/** A web server, and in front of it a gateway and a HAProxy: each a process of its own, and of one thread. */
export class GatewayScene {
  stopping = [];

  /** @param pages name -> bytes. @returns the ways to the server, the straight one first; `pid`: the process in between. */
  async start(pages) {
    await ensurePackages(['haproxy'], tell);
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-bench-')));
    this.stopping.push(() => rm(folder, { recursive: true, force: true }));
    const serverPort = await this.startServer(pages);
    const gateway = await this.startGateway(folder, serverPort);
    const haproxy = await startHaproxy({
      backends: { bench: { server: `http://${ADDRESS}:${serverPort}` } },
      threads: 1,
    });
    this.stopping.push(() => haproxy.stop());
    const way = (name, port, pid) => ({ name, host: ADDRESS, port, pid, headers: { host: HOST } });
    return [
      way('straight to the server', serverPort),
      way('through the gateway', gateway.accessPort, gateway.pid),
      way('through HAProxy', haproxy.port, haproxy.pid),
    ];
  }

  async startServer(pages) {
    const port = await freePort();
    const argv = Object.entries(pages).map(([name, bytes]) => `${name}=${bytes}`);
    const child = spawn(process.execPath, [pageServer, port, ...argv], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.stopping.push(async () => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return port;
  }

  async startGateway(folder, serverPort) {
    const postgres = await startPostgres();
    this.stopping.push(() => postgres.stop());
    await this.fillInventory(postgres.url(), serverPort);
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
    return { accessPort, pid: gateway.pid };
  }

  async fillInventory(url, serverPort) {
    const database = await connectDatabase({ url });
    await migrate(database);
    const server = { name: 'server-1', local: true, http: `http://${ADDRESS}:${serverPort}` };
    const pod = { name: 'bench', client: 'bench', hosts: [HOST], path: '/srv/bench', servers: [server] };
    await new Inventory(database).apply([{ ...pod, state: { driver: 'tree' } }], 'bench');
    await database.destroy();
  }

  async stop() {
    for (const stop of this.stopping.reverse()) await stop();
  }
}
