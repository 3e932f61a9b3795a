import { setTimeout as sleep } from 'node:timers/promises';
import type { Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BreakableLink } from './support/breakable-link.js';
import { startBrowser, type TestBrowser } from './support/browser.js';
import { startRunningPodway, type RunningPodway } from './support/running-podway.js';

let podway: RunningPodway;
let link: BreakableLink;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  [podway, browser] = await Promise.all([startRunningPodway(), startBrowser()]);
  link = await BreakableLink.to(podway.url);
  page = browser.page;
});
afterAll(async () => {
  await browser?.close();
  await link?.cut();
  await podway?.close();
});

const heading = (name: string, on = page) => on.getByRole('heading', { level: 1, name });
const away = () => page.getByRole('status').getByText('Podway does not answer');
const connection = () => page.getByRole('status', { name: 'Connection to Podway' });
const open = (path: string, on = page): Promise<unknown> => on.goto(`${link.url}/dashboard/${path}`);

/** What begins with this number, in order. */
const sequencesOf = (texts: string[]): number[] => texts.map((text) => Number.parseInt(text, 10));

async function signIn(stay: boolean): Promise<void> {
  await page.getByLabel('API key or OIDC token', { exact: true }).fill(podway.adminKey);
  if (stay) await page.getByLabel('Stay signed in on this computer').check();
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

describe('the dashboard when Podway goes away', () => {
  it('says that what it shows is old, and is live again by itself even when nothing happens', async () => {
    await open('');
    await signIn(true);
    await heading('Fleet').waitFor();
    await connection().getByText('Live').waitFor();
    await link.cut();
    await away().waitFor();
    await connection().getByText('Reconnecting').waitFor();
    // With the zone: it may be read by somebody elsewhere.
    await page
      .getByRole('status')
      .getByText(/as it was at .* UTC/)
      .waitFor();
    expect(await page.getByRole('table').locator('tbody tr').count()).toBeGreaterThan(0);
    await link.mend();
    await connection().getByText('Live').waitFor();
    await away().waitFor({ state: 'detached' });
  });

  it('has missed nothing: no event of a timeline, and no state', async () => {
    const update = await podway.publish('blog', 'shop/1.0.0');
    await open(`deployments/${update.deploymentId}`);
    const mark = (word: string) => page.locator('.heading .mark', { hasText: word });
    await mark('Waits for approval').waitFor();
    await link.cut();
    await away().waitFor();
    await podway.admin.approve(update.deploymentId);
    await update.wait();
    await link.mend();
    await mark('Succeeded').waitFor();
    const lines = page.getByRole('log', { name: 'Timeline' }).locator('.line-link');
    await page.getByRole('log', { name: 'Timeline' }).getByText('Succeeded').waitFor();
    const told: number[] = [];
    const upTo = await podway.admin.lastSequence();
    for await (const event of podway.admin.events({ after: 0, upTo, deployment: update.deploymentId }))
      told.push(Number(event.sequence));
    // Only what is seen is on the page: its end, without a gap.
    const seen = sequencesOf(await lines.allTextContents());
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual(told.slice(-seen.length));
  });

  it('lets in again who was signed in, once it is back', async () => {
    await open('deployments');
    await heading('Deployments').waitFor();
    // The page itself is there: only the API is away.
    await page.route('**/v1/**', (route) => route.abort());
    await page.reload();
    await page.getByRole('alert').getByText('Podway does not answer').waitFor();
    await page.unroute('**/v1/**');
    await heading('Deployments').waitFor();
  });

  it('leaves its stream to others while nobody looks at it, and misses nothing', async () => {
    const seen = (visibility: 'visible' | 'hidden'): Promise<unknown> =>
      page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${visibility}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));`);
    const isStream = (request: Request): boolean => new URL(request.url()).pathname === '/v1/events';
    await open('');
    await connection().getByText('Live').waitFor();
    const left = page.waitForEvent('requestfailed', isStream);
    await seen('hidden');
    await left;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await podway.admin.pause('blog', 'nobody looks');
    await sleep(1_000);
    expect(asked).toEqual([]);
    const back = page.waitForEvent('request', isStream);
    await seen('visible');
    await back;
    await page.getByRole('row', { name: 'blog' }).getByText('Paused').waitFor();
    await podway.admin.resume('blog');
  });

  it('signs out all tabs that stay signed in', async () => {
    const second = await page.context().newPage();
    await open('events', second);
    await heading('Events', second).waitFor();
    await second.getByRole('button', { name: 'Sign out' }).click();
    await heading('Sign in').waitFor();
    await page.getByRole('alert').getByText('in another tab').waitFor();
    await second.close();
  });
});
