import { AxeBuilder } from '@axe-core/playwright';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** A page on a busy machine. */
export const PATIENCE_MS = 60_000;

export interface TestBrowser {
  readonly page: Page;
  close(): Promise<void>;
}

/** Debian's Chromium, without a window, with an empty profile that goes with it. */
export async function startBrowser(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'podway-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    page: context.pages()[0] ?? (await context.newPage()),
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

export const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What axe finds wrong by WCAG 2.2 AA, serious or worse: `rule: where`. In light by all its rules, in dark by those about
 * colours: nothing else differs.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  const light = await violations(page, 'light', (axe) => axe.withTags(standards));
  const dark = await violations(page, 'dark', (axe) =>
    axe.withRules(['color-contrast', 'link-in-text-block']),
  );
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  return [...light, ...dark];
}

async function violations(
  page: Page,
  colorScheme: 'light' | 'dark',
  by: (axe: AxeBuilder) => AxeBuilder,
): Promise<string[]> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
  return (await seriousFindings(by(new AxeBuilder({ page })))).map((finding) => `${colorScheme} ${finding}`);
}

/** What axe finds wrong by the standards above, serious or worse: `rule: where`. */
export async function seriousFindings(axe: AxeBuilder): Promise<string[]> {
  const found = (await axe.analyze()).violations;
  return found
    .filter(({ impact }) => impact !== 'minor' && impact !== 'moderate')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

/** A picture for the documentation: made when it is missing, or when PODWAY_SCREENSHOTS says so. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = join(images, `dashboard-${name}.png`);
  if (existsSync(path) && process.env.PODWAY_SCREENSHOTS === undefined) return;
  await mkdir(images, { recursive: true });
  await page.screenshot({ path, scale: 'css', animations: 'disabled' });
}
