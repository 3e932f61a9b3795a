import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PodSpec } from '@podway/contracts';
import { freePort } from '@podway/persistence';

const examples = fileURLToPath(new URL('../../../../examples/', import.meta.url));

/** Folder of an example bundle: `exampleBundle('shop/1.0.0')`. */
export function exampleBundle(name: string): string {
  return join(examples, name);
}

/** A POD of servers on this machine, each a folder and a web server of its own. */
export interface DemoPod {
  readonly spec: PodSpec;
  stop(): Promise<void>;
}

/** Starts `count` site servers below `folder` and describes them as the POD `shop`. */
export async function startDemoPod(folder: string, count: number): Promise<DemoPod> {
  const processes: ChildProcess[] = [];
  const servers: PodSpec['servers'] = [];
  for (let number = 1; number <= count; number += 1) {
    const name = `web${number}`;
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    const port = await freePort();
    processes.push(await startSite(path, port));
    servers.push({ name, local: true, path, http: `http://127.0.0.1:${port}` });
  }
  const spec: PodSpec = {
    name: 'shop',
    client: 'demo',
    hosts: ['shop.localhost'],
    path: folder,
    servers,
    state: { driver: 'tree', keep: 5 },
    checks: [{ name: 'the front page', probe: 'http', path: '/', expectText: '<h1>The shop</h1>' }],
  };
  return {
    spec,
    stop: async () => {
      await Promise.all(processes.map(end));
    },
  };
}

async function startSite(root: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(examples, 'site-server.mjs'), root, `127.0.0.1:${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Its first line says that it listens.
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`The site server on port ${port} ended with code ${String(code)}`);
    }),
  ]);
  child.stdout.resume();
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill();
  await gone;
}
