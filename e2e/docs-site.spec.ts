import { AxeBuilder } from '@axe-core/playwright';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '@podway/persistence';
import { ensurePackages } from '@podway/testing/fleet';
import {
  PATIENCE_MS,
  seriousFindings,
  standards,
  startBrowser,
  type TestBrowser,
} from './support/browser.js';
import { eventually } from './support/eventually.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitepress = fileURLToPath(new URL('../node_modules/.bin/vitepress', import.meta.url));
let server: ChildProcess;
let url: string;
let browser: TestBrowser;
let page: Page;
/** What the pages complained about, and what they asked of other hosts. */
const complaints: string[] = [];

beforeAll(async () => {
  await ensurePackages(['chromium'], (line) => console.error(line));
  await promisify(execFile)(vitepress, ['build', 'docs'], { cwd: root });
  const port = await freePort();
  url = `http://localhost:${port}`;
  server = spawn(vitepress, ['preview', 'docs', '--port', String(port)], { cwd: root, stdio: 'ignore' });
  const answers = async (): Promise<boolean> => (await fetch(url).catch(() => undefined))?.ok === true;
  await eventually('the site answers', answers);
  browser = await startBrowser();
  page = browser.page;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url))
      complaints.push(request.url());
  });
});
afterAll(async () => {
  await browser?.close();
  if (server && server.exitCode === null) {
    const gone = once(server, 'exit');
    server.kill();
    await gone;
  }
});

const open = (path: string): Promise<unknown> => page.goto(`${url}/${path}`);
const heading = (name: string) => page.getByRole('heading', { level: 1, name });

describe('the site of the documentation', () => {
  it.each([
    ['index.html', 'Podway'],
    ['quick-start.html', 'Quick start'],
    ['concepts.html', 'Concepts'],
    ['operations/rotate-keys.html', 'Rotate keys'],
  ])('shows %s to everybody, in light and in dark', async (path, title) => {
    await open(path);
    await heading(title).waitFor();
    for (const dark of [false, true]) {
      await page.evaluate(`document.documentElement.classList.toggle('dark', ${dark})`);
      const axe = new AxeBuilder({ page }).include('.vp-doc').withTags(standards);
      expect(await seriousFindings(axe), dark ? 'dark' : 'light').toEqual([]);
    }
  });

  it('draws both figures and the diagrams', async () => {
    await open('concepts.html');
    await expect
      .poll(() =>
        page
          .locator('.vp-doc img[src$=".svg"]')
          .evaluateAll((all) => all.map((one) => Number(Reflect.get(one, 'naturalWidth')) > 0)),
      )
      .toEqual([true, true]);
    await open('architecture.html');
    await expect.poll(() => page.locator('.diagram svg').count(), { timeout: PATIENCE_MS }).toBe(2);
    expect(await page.locator('.diagram svg').first().textContent()).toContain('206');
  });

  it('finds what is looked for', async () => {
    await open('index.html');
    await page.keyboard.press('Control+k');
    await page.locator('.VPLocalSearchBox input').fill('roll-back fails');
    await page.locator('.VPLocalSearchBox .result').first().click();
    await page.waitForURL(/failed-roll-back/);
    await heading('When a roll-back fails').waitFor();
  });

  it('leads from page to page by its sidebar, and asks nobody else for anything', async () => {
    await open('quick-start.html');
    await page.locator('.VPSidebar').getByRole('link', { name: 'Concepts', exact: true }).click();
    await heading('Concepts').waitFor();
    await page.locator('.vp-doc').getByRole('link', { name: 'glossary', exact: true }).click();
    await heading('Glossary').waitFor();
    expect(complaints).toEqual([]);
  });
});
