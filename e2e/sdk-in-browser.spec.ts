import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Podway } from '@podway/sdk';
import { packDirectory } from '@podway/sdk/pack-directory';
import { exampleBundle } from '../apps/podway/src/demo/demo-pod.js';
import { startBrowser, type TestBrowser } from './support/browser.js';
import { startRunningPodway, type RunningPodway } from './support/running-podway.js';

/** What the page has of the SDK. */
declare const sdk: { Podway: typeof Podway };

const html = `<!doctype html><title>A page of somebody else</title>
<script type="module">import * as sdk from '/sdk.js'; globalThis.sdk = sdk;</script>`;

let site: Server;
let podway: RunningPodway;
let browser: TestBrowser;
let page: Page;

/** The SDK as one file, as a site's own tools would make it: without anything of Node. */
async function bundledSdk(): Promise<string> {
  const input = fileURLToPath(new URL('../libs/sdk/dist/index.js', import.meta.url));
  const bundle = await rolldown({ input, platform: 'browser', logLevel: 'silent' });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
  await bundle.close();
  return output[0].code;
}

async function opened(url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => 'sdk' in globalThis);
}

beforeAll(async () => {
  const script = await bundledSdk();
  site = createServer((request, response) => {
    const isSdk = request.url === '/sdk.js';
    response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html');
    response.end(isSdk ? script : html);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  [podway, browser] = await Promise.all([startRunningPodway({ PODWAY_API_ORIGINS: origin }), startBrowser()]);
  page = browser.page;
  await opened(origin);
});
afterAll(async () => {
  await browser?.close();
  await podway?.close();
  await new Promise((resolve) => site?.close(resolve));
});

it('publishes, follows and waits in a page of another origin', async () => {
  const bundle = [...(await buffer(packDirectory(exampleBundle('shop/1.1.0'))))];
  const seen = await page.evaluate(
    async ({ url, key, bytes }) => {
      const podway = new sdk.Podway({ url, key });
      const update = await podway.publish(new Blob([new Uint8Array(bytes)]), {
        pod: 'shop',
        label: 'a page',
      });
      const states: unknown[] = [];
      for await (const { type, data } of update)
        if (type === 'io.podway.deployment.changed.v1') states.push((data as { to: string }).to);
      const { state, release, label } = await update.wait({ timeoutMs: 60_000 });
      return { states, state, release, label };
    },
    { url: podway.url, key: await podway.key('demo', 'publisher'), bytes: bundle },
  );
  expect(seen).toMatchObject({ state: 'Succeeded', release: 2, label: 'a page' });
  expect(seen.states).toEqual(expect.arrayContaining(['Authenticating', 'Installing', 'Succeeded']));
});

it('tells a page what Podway refuses', async () => {
  const refused = await page.evaluate(async (url) => {
    return new sdk.Podway({ url, key: 'pw_wrong' }).pods().catch((error: { code: string }) => error.code);
  }, podway.url);
  expect(refused).toBe('AUTH.INVALID_KEY');
});

it('is kept from pages of origins that are not named', async () => {
  const { port } = site.address() as AddressInfo;
  await opened(`http://localhost:${port}`);
  const refused = await page.evaluate(async (url) => {
    const podway = new sdk.Podway({ url, key: 'pw_wrong', retry: { attempts: 1 } });
    return podway.pods().catch((error: { code: string }) => error.code);
  }, podway.url);
  expect(refused).toBe('SDK.UNREACHABLE');
});
