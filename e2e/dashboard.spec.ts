import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Envelope } from '@podway/contracts';
import {
  accessibilityProblems,
  PATIENCE_MS,
  picture,
  startBrowser,
  type TestBrowser,
} from './support/browser.js';
import { startRunningPodway, type RunningPodway } from './support/running-podway.js';

let podway: RunningPodway;
let browser: TestBrowser;
let page: Page;
/** What the page itself complained about: errors, and what its policy refused. */
const complaints: string[] = [];
/** Id of a deployment that was rolled back. */
let broken: string;
/** Id of the deployment that made the release of `blog`. */
let approved: string;

beforeAll(async () => {
  [podway, browser] = await Promise.all([startRunningPodway(), startBrowser()]);
  page = browser.page;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The browser tells every refusal of the API itself.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      complaints.push(message.text());
  });
});
afterAll(async () => {
  await browser?.close();
  await podway?.close();
});

const open = (path: string): Promise<unknown> => page.goto(`${podway.url}/dashboard/${path}`);
const heading = (name: string) => page.getByRole('heading', { level: 1, name });
const button = (name: string) => page.getByRole('button', { name, exact: true });
const mark = (word: string) => page.locator('.heading .mark', { hasText: word });
const steps = (name: string) => page.getByRole('list', { name, exact: true }).getByRole('listitem');

/** What has the keyboard: its text, or what it is. */
const focused = () => page.evaluate('document.activeElement.innerText || document.activeElement.tagName');

/** The text of what the button saves. */
async function downloaded(): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent('download'), button('Download').click()]);
  return readFile(await download.path(), 'utf8');
}

async function signIn(key: string): Promise<void> {
  await page.getByLabel('API key or OIDC token', { exact: true }).fill(key);
  await button('Sign in').click();
}

describe('the dashboard', () => {
  it('lets nobody in without a key, and says so', async () => {
    await page.goto(podway.url);
    await heading('Sign in').waitFor();
    expect(new URL(page.url()).pathname).toBe('/dashboard/');
    await signIn('pw_000000000000_wrong');
    await page.getByRole('alert').getByText('not valid').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await signIn(podway.adminKey);
    await heading('Fleet').waitFor();
    await page.getByRole('status', { name: 'Connection to Podway' }).getByText('Live').waitFor();
  });

  it('follows a good update to its end, by itself', async () => {
    const update = await podway.publish('shop', 'shop/1.1.0');
    await page.locator('.grid tbody tr').getByRole('link', { name: 'shop', exact: true }).waitFor();
    await open(`deployments/${update.deploymentId}`);
    await mark('Succeeded').waitFor();
    expect(await steps('Steps').locator('.status').allTextContents()).toEqual(Array(7).fill('Done'));
    await page.getByRole('row', { name: /web1.*\(canary\)/ }).waitFor();
    expect(await page.getByRole('list', { name: 'Steps of the roll-back' }).count()).toBe(0);
  });

  it('shows a broken update on its way back', async () => {
    const update = await podway.publish('shop', 'shop/1.2.0-broken');
    broken = update.deploymentId;
    await open(`deployments/${broken}`);
    await mark('Rolled back').waitFor();
    expect(await steps('Steps').locator('.status').allTextContents()).toEqual([
      ...['Done', 'Done', 'Done', 'Done', 'Failed', 'Not reached', 'Not reached'],
    ]);
    expect(await steps('Steps of the roll-back').locator('.status').allTextContents()).toEqual([
      'Done',
      'Done',
    ]);
    await page.getByText('VERIFICATION', { exact: false }).first().waitFor();
    await page.getByRole('log', { name: 'Timeline' }).getByText('Rolled back').waitFor();
    await steps('Steps').locator('.error', { hasText: 'VERIFICATION.' }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'deployment');
  });

  it('gives away what is too long to be typed', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: `Copy the id ${broken}` }).click();
    await page.getByRole('status').getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(broken);
    await page
      .getByRole('row', { name: /web1/ })
      .getByRole('button', { name: /^Copy the fingerprint/ })
      .first()
      .click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('shows what was said on the servers, whole and by what is asked for', async () => {
    await open(`deployments/${broken}`);
    await page.getByRole('tab', { name: 'Log of the servers' }).click();
    const log = page.getByRole('log', { name: 'Log' });
    await log.getByText('installed site').waitFor();
    await page.getByText('The deployment is over').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await log.scrollIntoViewIfNeeded();
    await picture(page, 'log');
    const all = (await downloaded()).trimEnd().split('\n');
    expect(all.map((line) => Number(line.split(' ')[0]))).toEqual(all.map((_, index) => index + 1));
    await page.getByLabel('Level').selectOption('error');
    await log.getByText('installed site').waitFor({ state: 'detached' });
    await log.locator('.level', { hasText: 'error' }).first().waitFor();
    await log
      .getByRole('link', { name: /^Link to line/ })
      .first()
      .click();
    await log.locator('.line-marked').waitFor();
    expect(new URL(page.url()).search).toMatch(/^\?level=error&line=\d+$/);
    const errors = (await downloaded()).trimEnd().split('\n');
    expect(errors).toEqual(all.filter((line) => line.split(' ')[2] === 'error'));
    await page.getByLabel('Search in the log').fill('no such words');
    await page.keyboard.press('Enter');
    await page.getByText('No line is like that').waitFor();
  });

  it('has approved what waits for it, and aborted what shall not go on', async () => {
    const first = await podway.publish('blog', 'shop/1.0.0');
    approved = first.deploymentId;
    await open(`deployments/${first.deploymentId}/log`);
    await mark('Waits for approval').waitFor();
    const log = page.getByRole('log', { name: 'Log' });
    await log.getByText('installed site').waitFor();
    await page.getByText('New lines appear by themselves').waitFor();
    await button('Approve').click();
    await page.getByRole('dialog').getByLabel('Reason').fill('looked at it');
    expect(await accessibilityProblems(page)).toEqual([]);
    await button('Approve it').click();
    await mark('Succeeded').waitFor();
    expect(await button('Abort').count()).toBe(0);
    // What was said since then is there, and that was all.
    await log
      .getByText(/^proved: /)
      .first()
      .waitFor();
    await page.getByText('The deployment is over').waitFor();

    const second = await podway.publish('blog', 'shop/1.1.0');
    await open(`deployments/${second.deploymentId}`);
    await mark('Waits for approval').waitFor();
    await button('Pause blog').click();
    await button('Pause it').click();
    await button('Resume blog').click();
    await button('Pause blog').waitFor();
    await button('Abort').click();
    // The keyboard is led to what is to be written, and back.
    await expect.poll(focused).toBe('TEXTAREA');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(focused).toBe('Abort');
    await page.keyboard.press('Enter');
    await button('Abort it').click();
    await mark('Aborted').waitFor();
    expect((await second.get()).state).toBe('Aborted');
  });

  it('lists the worst first, and finds', async () => {
    await podway.publish('blog', 'shop/1.1.0');
    await open('');
    const rows = page.getByRole('table').locator('tbody tr');
    await rows.nth(1).waitFor();
    await rows.filter({ hasText: 'blog' }).getByText('Waits for approval').waitFor();
    expect(await rows.locator('.main-cell a').allTextContents()).toEqual(['shop', 'blog']);
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'fleet');
    await rows.filter({ hasText: 'blog' }).getByText('Staging').waitFor();
    expect(await rows.first().locator('time').first().getAttribute('title')).toMatch(/ UTC$/);
    await page.getByRole('link', { name: /^Updating/ }).click();
    await expect
      .poll(() => rows.locator('.main-cell a').allTextContents(), { timeout: PATIENCE_MS })
      .toEqual(['blog']);
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Find', exact: true }).fill('sho');
    await page.locator('.mantine-Spotlight-action').filter({ hasText: 'demo' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await heading('shop').waitFor();
  });

  it('tells when users can only read', async () => {
    await open('pods/blog');
    await page.getByText('Users can only read').waitFor();
  });

  it('has a failed roll-back retried, and follows it on', async () => {
    const { runningDeployment: id = '' } = await podway.admin.pod('blog');
    const { canary = '' } = await podway.admin.deployment(id).get();
    // Somebody damages the release that the canary is to go back to.
    const file = join(podway.blogFolder, canary, 'releases', approved, 'index.html');
    const original = await readFile(file);
    await writeFile(file, 'damaged');
    await open(`deployments/${id}`);
    await button('Refuse').click();
    await button('Refuse it').click();
    await mark('Roll-back failed').waitFor();
    expect(await button('Abort').count()).toBe(0);
    const timeline = page.getByRole('log', { name: 'Timeline' });
    await timeline.getByText('Roll-back failed').waitFor();
    await open('pods/blog');
    await page.getByText('A roll-back failed').waitFor();
    await writeFile(file, original);
    await page.getByRole('link', { name: 'see the deployment' }).click();
    await button('Retry the roll-back').click();
    await button('Retry it').click();
    await mark('Rolled back').waitFor();
    await timeline.getByText(/^Rolled back/).waitFor();
  });

  it('names the canary of the release in force where the last deployment chose none', async () => {
    const { canary } = await podway.admin.deployment(approved).get();
    await podway.admin.pause('blog', 'nothing is chosen');
    const waiting = await podway.publish('blog', 'shop/1.1.0');
    await podway.admin.abort(waiting.deploymentId);
    await open(`deployments/${waiting.deploymentId}`);
    await mark('Aborted').waitFor();
    expect((await waiting.get()).canary).toBeUndefined();
    await podway.admin.resume('blog');
    await open('pods/blog');
    await page.getByRole('heading', { level: 3, name: `${canary} (canary)` }).waitFor();
  });

  it('shows each server', async () => {
    await open('pods/shop');
    const tiles = page.locator('.tile');
    await expect
      .poll(() => tiles.locator('h3').first().textContent(), { timeout: PATIENCE_MS })
      .toContain('(canary)');
    expect(await tiles.count()).toBe(4);
    await button('Look at the servers').click();
    await tiles.first().getByText('In sync').waitFor();
    await tiles.first().getByText('What the last deployment did here').click();
    const done = page.getByRole('list', { name: 'What the last deployment did on web1' });
    await done.getByText('Chosen as the canary').waitFor();
    await done
      .getByText(/^Proving the roll-back: /)
      .first()
      .waitFor();
    await page.mouse.move(0, 0);
    await page.evaluate('window.scrollTo(0, 0)');
    await picture(page, 'servers');
    await tiles.nth(3).getByText('What the last deployment did here').click();
    await page
      .getByText(/on web4|Nothing was done to this server/)
      .first()
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });

  it('shows what a release changed, and goes back with a reason', async () => {
    await open('pods/shop/changes');
    await page.getByRole('list', { name: 'Files that differ' }).getByRole('listitem').first().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'changes');
    await button('Roll back to 1').click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('listitem').first().textContent()).toBe(
      'web1: from release 2 to release 1',
    );
    await dialog.getByLabel('Reason').fill('the prices are wrong');
    expect(await button('Roll back to release 1').isDisabled()).toBe(true);
    await dialog.getByLabel("type the POD's name", { exact: false }).fill('shop');
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'roll-back');
    await button('Roll back to release 1').click();
    await mark('Succeeded').waitFor();
    expect(await podway.admin.pod('shop')).toMatchObject({ currentRelease: { number: 3, sourceRelease: 1 } });
  });

  it('tails the events', async () => {
    await open('events');
    const log = page.getByRole('log', { name: 'Events' });
    await log.getByText('Succeeded').last().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'events');
    const lines = (await downloaded()).trimEnd().split('\n');
    const sequences = lines.map((line) => Number((JSON.parse(line) as Envelope).sequence));
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    expect(sequences.length).toBeGreaterThan(50);
    // Whoever scrolls up is let alone, and can go back to the end.
    expect(await button('Follow the end').count()).toBe(0);
    await log.hover();
    await page.mouse.wheel(0, -400);
    await button('Follow the end').click();
    await button('Follow the end').waitFor({ state: 'detached' });
    await page.getByRole('textbox', { name: 'Search in the events' }).fill('no such words');
    await heading('Events').waitFor();
    await page.getByText('No event is like that').waitFor();
    // All of it is in the address.
    await page.getByRole('textbox', { name: 'Search in the events' }).fill('rolled back');
    await page.getByText('notice', { exact: true }).first().click();
    await expect.poll(() => new URL(page.url()).search).toMatch(/search=rolled\+back.*levels=error/);
    await page.reload();
    await log.getByText('Rolled back').first().waitFor();
    expect(await page.getByRole('textbox', { name: 'Search in the events' }).inputValue()).toBe(
      'rolled back',
    );
    const shown = await log.locator('.level').allTextContents();
    expect([...new Set(shown)]).toEqual(['warning']);
    await page.goBack();
    await page.goForward();
    await log.getByText('Rolled back').first().waitFor();
  });

  it.each([
    ['now', 'Steps at work'],
    ['dead-letters', 'There are no dead letters'],
    ['audit', 'publishUpdate'],
    ['clients', 'acme'],
    ['keys', 'publisher of acme'],
    ['quotas?client=acme', 'Artifacts'],
  ])('operates: %s', async (view, text) => {
    await open(`operations/${view}`);
    await page.getByText(text).first().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    if (view === 'now') await picture(page, 'operations');
    if (view === 'audit') await picture(page, 'audit');
  });

  it('keeps the filters of the audit log in the address', async () => {
    await open('operations/audit');
    await page.getByLabel('Action').fill('pausePod');
    await page.keyboard.press('Enter');
    await expect.poll(() => new URL(page.url()).search).toBe('?action=pausePod');
    await page.reload();
    const rows = page.getByRole('table').locator('tbody tr');
    await rows.first().getByRole('link', { name: 'pod/blog' }).waitFor();
    expect(await page.getByLabel('Action').inputValue()).toBe('pausePod');
    await page.getByLabel('Action').fill('nothing');
    await page.keyboard.press('Enter');
    await page.getByText('No record is like that').waitFor();
    await page.goBack();
    await expect.poll(() => page.getByLabel('Action').inputValue()).toBe('pausePod');
  });

  it.each([390, 1024])('fits into %d pixels, with long names, too', async (width) => {
    const name = 'a-portal-with-a-very-long-name-for-the-whole-of-europe';
    const server = { name: 'web1', local: true as const, http: 'http://127.0.0.1:9' };
    const long = {
      name,
      client: 'demo',
      hosts: [`${name}.example.org`],
      path: '/nowhere',
      servers: [server],
    };
    await podway.admin.applyPods({
      apiVersion: 'podway/v1',
      pods: [{ ...long, state: { driver: 'tree' }, environment: 'test' }],
    });
    await page.setViewportSize({ width, height: 844 });
    const views = ['', 'deployments', `deployments/${broken}`, `deployments/${broken}/log`, 'events'];
    const pods = [`pods/${name}`, 'pods/shop', 'pods/shop/deployments', 'pods/shop/changes'];
    const tabs = ['now', 'audit', 'clients', 'keys', 'quotas'].map((tab) => `operations/${tab}`);
    const tooWide: string[] = [];
    for (const view of [...views, ...pods, ...tabs]) {
      await open(view);
      await page.locator('table, .tile, .log-box, .use').first().waitFor();
      const over = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
      if (Number(over) > 0) tooWide.push(`${view}: ${String(over)}`);
    }
    expect(tooWide).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it('shows a client its own alone', async () => {
    const waits = await podway.publish('blog', 'shop/1.1.0');
    await open('');
    await button('Sign out').click();
    await signIn(await podway.key('acme', 'viewer'));
    // Only now the key is kept: a page that is opened before asks for it again.
    await page.getByText('viewer of acme').waitFor();
    await open('');
    const rows = page.getByRole('table').locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.locator('.main-cell a').allTextContents()).toEqual(['blog']);
    await open('pods/shop');
    await page.getByRole('alert').getByText('There is no POD shop here').waitFor();
    await open('pods/blog');
    await heading('blog').waitFor();
    expect(await button('Pause').count()).toBe(0);
    await open(`deployments/${waits.deploymentId}`);
    await page.getByText('It takes somebody with the right to approve').waitFor();
    expect(await button('Approve').count()).toBe(0);
    // Nor is it led to what it may not see.
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Find', exact: true }).fill('audit');
    await page.getByText('Nothing is called that').waitFor();
    await page.keyboard.press('Escape');
  });

  it('has given the browser no cause for complaint', () => {
    expect(complaints).toEqual([]);
  });
});
