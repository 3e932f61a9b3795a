import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import type { AllInOne } from '../all-in-one.js';
import { exampleBundle, startDemoPod, type DemoPod } from './demo-pod.js';

const SERVERS = 4;

/** A POD to play with, on a running all-in-one: kept in its data folder, with a first release. */
export async function startPlayground(podway: AllInOne, apiUrl: string): Promise<DemoPod> {
  const pod = await startDemoPod(join(podway.dataDir, 'playground'), SERVERS);
  const admin = new Podway({ url: apiUrl, key: podway.adminKey });
  await admin.applyPods({ apiVersion: 'podway/v1', pods: [pod.spec] });
  if ((await admin.releases(pod.spec.name, 1)).length === 0) {
    const bundle = () =>
      Readable.toWeb(packDirectory(exampleBundle('shop/1.0.0'))) as ReadableStream<Uint8Array>;
    await (await admin.publish(bundle, { pod: pod.spec.name })).wait({ timeoutMs: 120_000 });
  }
  return pod;
}

/** What to try next, for people who have just started Podway. */
export async function whatToTry(apiUrl: string, accessUrl: string): Promise<string> {
  const manifest = await readFile(join(exampleBundle('shop/1.1.0'), 'podway.yaml'), 'utf8');
  const version = /^version: (.*)$/m.exec(manifest)?.[1] ?? '';
  return `
The POD "shop" has four servers on this machine, and a first release. Try, in another terminal:

  npm run podway -- publish examples/shop/${version} --pod shop
  npm run podway -- publish examples/shop/1.2.0-broken --pod shop
  npm run podway -- status --pod shop
  npm run podway -- rollback --pod shop
  curl -H 'Host: shop.localhost' ${accessUrl}/

API: ${apiUrl} (its description: ${apiUrl}/openapi.json). Ctrl-C stops; everything is kept in the data folder.
`;
}
