import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@podway/testing/ssh-servers';
import { stringify } from 'yaml';
import { temporaryFolder } from './run.js';

/** A whole Podway in this process, with a POD `shop` of two servers. */
export interface LivePodway {
  readonly url: string;
  readonly adminKey: string;
  readonly folder: string;
  /** The inventory as YAML. */
  readonly inventory: string;
  stop(): Promise<void>;
}

interface AllInOne {
  readonly adminKey: string;
  stop(): Promise<void>;
}

export async function startLivePodway(env: Record<string, string> = {}): Promise<LivePodway> {
  const folder = await temporaryFolder();
  // As root, the embedded database runs as another user, who has to get through.
  await chmod(folder, 0o711);
  const [apiPort, accessPort] = [await freePort(), await freePort()];
  // By its name, as a process would be started: no app stands on another (docs/architecture.md).
  const name = '@podway/podway';
  const { startAllInOne } = (await import(name)) as {
    startAllInOne(env: Record<string, string>): Promise<AllInOne>;
  };
  const allInOne = await startAllInOne({
    PODWAY_DATA_DIR: join(folder, '.podway'),
    PODWAY_API_PORT: String(apiPort),
    PODWAY_ACCESS_PORT: String(accessPort),
    PODWAY_LOG_LEVEL: 'silent',
    ...env,
  });
  const sites = [await startSite(join(folder, 'web1')), await startSite(join(folder, 'web2'))];
  return {
    url: `http://127.0.0.1:${apiPort}`,
    adminKey: allInOne.adminKey,
    folder,
    inventory: stringify({
      apiVersion: 'podway/v1',
      pods: [
        {
          name: 'shop',
          client: 'acme',
          hosts: ['shop.example'],
          path: join(folder, 'web1'),
          state: { driver: 'tree', keep: 20 },
          checks: [{ probe: 'http', path: '/', expectText: 'The shop', tries: 1 }],
          servers: sites.map((site, index) => ({
            name: `web${index + 1}`,
            local: true,
            path: join(folder, `web${index + 1}`),
            http: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
          })),
        },
      ],
    }),
    async stop() {
      await allInOne.stop();
      for (const site of sites) await new Promise((resolve) => site.close(resolve));
      // Jobs on servers are processes of their own: one may still be tidying up.
      await rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 });
    },
  };
}

/** A web server whose root is `<path>/current`. */
async function startSite(path: string): Promise<Server> {
  await mkdir(path, { recursive: true });
  const server = createServer((request, response) => {
    const file = join(path, 'current', request.url === '/' ? 'index.html' : (request.url ?? ''));
    readFile(file).then(
      (content) => response.end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.keepAliveTimeout = 1;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
