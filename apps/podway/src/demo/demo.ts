import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { PodSpec } from '@podway/contracts';
import { freePort } from '@podway/persistence';
import { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import { startAllInOne, type AllInOne } from '../all-in-one.js';
import { exampleBundle, startDemoPod, type DemoPod } from './demo-pod.js';
import { stageLine } from './stage-lines.js';
import { demoDeployment, type DemoDeployment, type DemoSummary } from './summary.js';
import { Visitors } from './visitors.js';

const SERVERS = 4;
const VISITORS = 8;

export interface DemoOptions {
  /** Empty folder that goes after the demo. */
  folder: string;
  /** Told every line for people. */
  tell: (line: string) => void;
}

/**
 * Publishes a good update and a broken one to a POD of four servers, with visitors all the while.
 * Everything is real but the machines: each server is a folder and a web server of its own on this one.
 */
export async function runDemo({ folder, tell }: DemoOptions): Promise<DemoSummary> {
  const [apiPort, accessPort] = [await freePort(), await freePort()];
  tell('starting every service of Podway in this process');
  const podway = await startAllInOne({
    PODWAY_DATA_DIR: join(folder, 'podway'),
    PODWAY_API_PORT: String(apiPort),
    PODWAY_ACCESS_PORT: String(accessPort),
    PODWAY_LOG_LEVEL: 'silent',
  });
  let pod: DemoPod | undefined;
  try {
    pod = await startDemoPod(join(folder, 'servers'), SERVERS);
    tell(`POD ${pod.spec.name}: ${SERVERS} servers, each a web server of its own`);
    return await story(podway, pod.spec, { apiPort, accessPort }, tell);
  } finally {
    await podway.stop();
    await pod?.stop();
  }
}

async function story(
  podway: AllInOne,
  pod: PodSpec,
  { apiPort, accessPort }: { apiPort: number; accessPort: number },
  tell: (line: string) => void,
): Promise<DemoSummary> {
  const admin = new Podway({ url: `http://127.0.0.1:${apiPort}`, key: podway.adminKey });
  await admin.applyPods({ apiVersion: 'podway/v1', pods: [pod] });
  const { key } = await admin.createKey({ client: pod.client, role: 'publisher', note: 'demo' });
  const publisher = new Podway({ url: `http://127.0.0.1:${apiPort}`, key });

  tell('\nthe first release, so that there is something to visit');
  await publish(publisher, pod.name, 'shop/1.0.0', tell);

  tell(`\n${VISITORS} visitors come, through the gateway`);
  const visitors = new Visitors({
    url: `http://127.0.0.1:${accessPort}`,
    host: pod.hosts?.[0] ?? '',
    paths: ['/', '/prices.json', '/assets/shop.css'],
    count: VISITORS,
    brokenText: 'Fatal error',
  });
  const deployments: DemoDeployment[] = [];
  try {
    tell('\na good update');
    deployments.push(await publish(publisher, pod.name, 'shop/1.1.0', tell));
    tell('\na broken update: its price list cannot be read');
    deployments.push(await publish(publisher, pod.name, 'shop/1.2.0-broken', tell));
  } finally {
    await visitors.stop();
  }
  for (const problem of visitors.problems) tell(`an access failed: ${problem}`);
  return { deployments, accesses: visitors.accesses };
}

async function publish(
  publisher: Podway,
  pod: string,
  bundle: string,
  tell: (line: string) => void,
): Promise<DemoDeployment> {
  const startedAt = Date.now();
  const stream = () => Readable.toWeb(packDirectory(exampleBundle(bundle))) as ReadableStream<Uint8Array>;
  const update = await publisher.publish(stream, { pod });
  for await (const event of update) {
    const line = stageLine(event, startedAt);
    if (line !== undefined) tell(line);
  }
  const deployment = await update.wait();
  return demoDeployment(deployment, await publisher.pod(pod));
}
