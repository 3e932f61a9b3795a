import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PodSpec } from '@podway/contracts';
import { freePort } from '@podway/persistence';
import { Podway, type PublishedUpdate } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import { exampleBundle, startDemoPod } from '../../apps/podway/src/demo/demo-pod.js';

const main = fileURLToPath(new URL('../../apps/podway/dist/main.js', import.meta.url));

/** `npm start`, and a second POD of another client besides its `shop`. */
export interface RunningPodway {
  readonly url: string;
  readonly adminKey: string;
  readonly admin: Podway;
  /** Of the servers of the second POD, a folder each. */
  readonly blogFolder: string;
  /** Publishes as a publisher of the POD's client: whoever approves is somebody else. */
  publish(pod: string, example: string): Promise<PublishedUpdate>;
  key(client: string, role: 'viewer' | 'publisher'): Promise<string>;
  close(): Promise<void>;
}

/** @param env settings besides the folder and the ports. */
export async function startRunningPodway(env: Record<string, string> = {}): Promise<RunningPodway> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podway-dashboard-')));
  // Started by root, the database runs as another user, who has to get to its folder.
  await chmod(folder, 0o711);
  const ending = [() => rm(folder, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 })];
  const close = async (): Promise<void> => {
    for (const one of ending.splice(0).reverse()) await one();
  };
  try {
    return { ...(await start(folder, ending, env)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  folder: string,
  ending: (() => Promise<void>)[],
  env: Record<string, string>,
): Promise<Omit<RunningPodway, 'close'>> {
  const [apiPort, accessPort] = [await freePort(), await freePort()];
  const child = spawnPodway({
    PODWAY_DATA_DIR: join(folder, 'podway'),
    PODWAY_API_PORT: String(apiPort),
    PODWAY_ACCESS_PORT: String(accessPort),
    PODWAY_LOG_LEVEL: 'error',
    ...env,
  });
  ending.push(() => end(child));
  await saysThatItIsReady(child);
  const blog = await startDemoPod(join(folder, 'blog'), 2);
  ending.push(() => blog.stop());
  const url = `http://127.0.0.1:${apiPort}`;
  const adminKey = (await readFile(join(folder, 'podway/admin.key'), 'utf8')).trim();
  const admin = new Podway({ url, key: adminKey });
  await admin.applyPods({ apiVersion: 'podway/v1', pods: [withApproval(blog.spec)] });
  const key = async (client: string, role: 'viewer' | 'publisher'): Promise<string> =>
    (await admin.createKey({ client, role, note: `${role} of ${client}` })).key;
  const publishers = new Map([
    ['shop', new Podway({ url, key: await key('demo', 'publisher') })],
    ['blog', new Podway({ url, key: await key('acme', 'publisher') })],
  ]);
  return {
    url,
    adminKey,
    admin,
    blogFolder: join(folder, 'blog'),
    key,
    publish(pod, example) {
      const bundle = () =>
        Readable.toWeb(packDirectory(exampleBundle(example))) as ReadableStream<Uint8Array>;
      return (publishers.get(pod) ?? admin).publish(bundle, { pod });
    },
  };
}

function withApproval(spec: PodSpec): PodSpec {
  const policy = { approval: { replication: 'required' as const }, fenceWrites: true };
  return { ...spec, name: 'blog', client: 'acme', hosts: ['blog.localhost'], environment: 'staging', policy };
}

function spawnPodway(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [main, '--demo'], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Its last words tell how to stop it. */
async function saysThatItIsReady(child: ChildProcess): Promise<void> {
  let said = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('Ctrl-C stops')) resolve();
    });
  });
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`npm start ended with ${String(code)}: ${said}`);
  });
  await Promise.race([ready, gone]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
