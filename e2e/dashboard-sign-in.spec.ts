import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityProblems, picture, startBrowser, type TestBrowser } from './support/browser.js';
import { startRunningPodway, type RunningPodway } from './support/running-podway.js';

const clientId = 'podway-dashboard';
let server: Server;
let issuer: string;
let podway: RunningPodway;
let browser: TestBrowser;
let page: Page;
/** What the page itself complained about: errors, and what its policy refused. */
const complaints: string[] = [];

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    PODWAY_OIDC_ALLOW_HTTP_LOOPBACK: 'true',
    PODWAY_SIGN_IN_ISSUER: issuer,
    PODWAY_SIGN_IN_CLIENT_ID: clientId,
  };
  [podway, browser] = await Promise.all([startRunningPodway(env), startBrowser()]);
  server.on('request', issuerFor(`${podway.url}/dashboard/`).callback());
  await podway.admin.createTrust({
    ...{ issuer, audience: clientId, client: 'acme', role: 'publisher' },
    claims: [{ name: 'sub', value: 'alice' }],
  });
  page = browser.page;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The issuer's pages are its own affair.
    if (message.type() !== 'error' || !page.url().startsWith(podway.url)) return;
    if (!/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
});
afterAll(async () => {
  await browser?.close();
  await podway?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A certified issuer by others, with its own pages for names and consent. Whatever password is given is taken. */
function issuerFor(redirectUri: string): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [redirectUri],
      },
    ],
    clientBasedCORS: () => true,
    cookies: { keys: ['of this test'] },
    ttl: { IdToken: 300 },
  });
}

async function signInAs(name: string): Promise<void> {
  await page.getByRole('button', { name: `Sign in with ${new URL(issuer).host}` }).click();
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  // Consent.
  await page.locator('form button[type=submit], form [type=submit]').click();
}

async function nobodyIsSignedIn(): Promise<void> {
  await page.goto(`${podway.url}/dashboard/`);
  await page.evaluate('sessionStorage.clear()');
  await page.context().clearCookies();
}

const heading = (name: string) => page.getByRole('heading', { level: 1, name });

describe('signing in with an issuer', () => {
  it('lets in whom a trust knows, where that one wanted to go, and shows what the trust may', async () => {
    await nobodyIsSignedIn();
    await page.goto(`${podway.url}/dashboard/pods/blog/changes?from=1#files`);
    await heading('Sign in').waitFor();
    await page.getByRole('button', { name: /^Sign in with / }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await picture(page, 'sign-in');
    await signInAs('alice');
    await heading('blog').waitFor();
    const { pathname, search, hash } = new URL(page.url());
    expect([pathname, search, hash]).toEqual(['/dashboard/pods/blog/changes', '?from=1', '#files']);
    await page.goto(`${podway.url}/dashboard/`);
    await heading('Fleet').waitFor();
    await page.locator('.main-cell a').first().waitFor();
    expect(await page.locator('.main-cell a').allTextContents()).toEqual(['blog']);
    expect(complaints).toEqual([]);
  });

  it('shows in the audit log whom the issuer signed in, not only by which trust', async () => {
    await nobodyIsSignedIn();
    await page.goto(`${podway.url}/dashboard/pods/blog`);
    await signInAs('alice');
    await heading('blog').waitFor();
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await button('Pause').click();
    await button('Pause it').click();
    await button('Resume').click();
    await button('Pause').waitFor();
    await nobodyIsSignedIn();
    await page.goto(`${podway.url}/dashboard/operations/audit?action=pausePod`);
    await page.getByLabel('API key or OIDC token', { exact: true }).fill(podway.adminKey);
    await button('Sign in').click();
    const [trust] = await podway.admin.trusts();
    const row = page.getByRole('row').filter({ hasText: 'pausePod' });
    await row.first().waitFor();
    expect(await row.allTextContents()).toEqual([
      expect.stringMatching(new RegExp(`pausePod.*pod/blog.*oidc:${trust?.id}alice.*acme$`)),
    ]);
    expect(complaints).toEqual([]);
  });

  it('lets in nobody else, and says so', async () => {
    await nobodyIsSignedIn();
    await page.goto(`${podway.url}/dashboard/`);
    await signInAs('mallory');
    await page.getByRole('alert').getByText('not valid').waitFor();
    await heading('Sign in').waitFor();
    expect(new URL(page.url()).search).toBe('');
  });

  it.each([
    ['that nobody here asked for', undefined],
    ['whose state is another', { state: 'mine', nonce: 'n', verifier: 'v'.repeat(43), path: '/' }],
  ])('takes no answer %s', async (_, errand) => {
    await nobodyIsSignedIn();
    if (errand) {
      const kept = JSON.stringify(JSON.stringify(errand));
      await page.evaluate(`sessionStorage.setItem('podway.sign-in', ${kept})`);
    }
    await page.goto(`${podway.url}/dashboard/?code=stolen&state=forged`);
    await heading('Sign in').waitFor();
    if (errand) await page.getByRole('alert').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(complaints).toEqual([]);
  });
});
