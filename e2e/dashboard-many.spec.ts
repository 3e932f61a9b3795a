import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiKeys, Clients, connectDatabase, type Database } from '@podway/persistence';
import { accessibilityProblems, startBrowser, type TestBrowser } from './support/browser.js';
import { startGatewayAlone, type GatewayAlone } from './support/gateway-alone.js';

const MANY = 10_000;
/** An answer of the API, on a busy machine. */
const QUICK_MS = 1_000;
/** Of a page of 50. */
const SMALL_BYTES = 100_000;

let gateway: GatewayAlone;
let browser: TestBrowser;
let page: Page;
let admin: string;

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGatewayAlone(), startBrowser()]);
  page = browser.page;
  const database = await connectDatabase({ url: gateway.databaseUrl, poolSize: 1 });
  await insertDeployments(database);
  await insertIdentities(database);
  await database.destroy();
  await signIn('deployments', gateway.key);
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

/** All succeeded but the oldest. */
async function insertDeployments(database: Database): Promise<void> {
  await database.query(
    `insert into coordinator.deployments
       (id, update_id, client, pod, state, data, traceparent, submitted_at, updated_at, finished_at)
     select id, id, 'acme', 'shop', state,
       jsonb_build_object('deploymentId', id, 'updateId', id, 'name', state, 'label', 'shop ' || n,
         'publisher', jsonb_build_object('key', 'abcdefghijkl', 'client', 'acme'),
         'source', jsonb_build_object('kind', 'artifact', 'artifact', repeat('a', 64)),
         'target', jsonb_build_object('pod', 'shop'), 'submittedAt', at, 'enteredAt', at, 'attempt', 0,
         'tries', 0, 'attempts', '{}'::jsonb, 'servers', '[]'::jsonb, 'quarantined', '[]'::jsonb),
       't', at, at, at
     from (select '01J' || lpad(n::text, 23, '0') as id, n, now() - (${MANY} - n) * interval '1 minute' as at,
             case n when 1 then 'Failed' else 'Succeeded' end as state
           from generate_series(1, ${MANY}) n) one`,
  );
  await database.query('analyze coordinator.deployments');
}

/** More than a page of clients, each with a key. `client-150` has the oldest. */
async function insertIdentities(database: Database): Promise<void> {
  const [clients, keys] = [new Clients(database), new ApiKeys(database)];
  for (let number = 150; number > 0; number -= 1) {
    const client = `client-${String(number).padStart(3, '0')}`;
    await clients.create(client);
    await keys.create({ client, role: 'viewer' });
  }
  admin = (await keys.create({ client: '*', role: 'admin' })).text;
}

async function signIn(view: string, key: string): Promise<void> {
  await page.goto(`${gateway.api}/dashboard/${view}`);
  await page.getByLabel('API key or OIDC token', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

const rows = () => page.getByRole('table').locator('tbody tr');

/** What was asked of the API's list since the last time, and how the answers were. */
async function listCalls(): Promise<{ url: string; ms: number; bytes: number }[]> {
  return page.evaluate(`(() => {
    const all = performance.getEntriesByType('resource').filter(({ name }) => name.includes('/v1/deployments?'));
    performance.clearResourceTimings();
    return all.map(({ name, duration, decodedBodySize }) => ({ url: name, ms: duration, bytes: decodedBodySize }));
  })()`);
}

async function expectQuick(): Promise<void> {
  const calls = await listCalls();
  expect(calls.length).toBeGreaterThan(0);
  for (const { url, ms, bytes } of calls) {
    expect(ms, url).toBeLessThan(QUICK_MS);
    expect(bytes, url).toBeLessThan(SMALL_BYTES);
  }
}

describe(`the dashboard with ${MANY} deployments`, () => {
  it('shows the newest page, and the next one when it is asked for', async () => {
    await rows().nth(49).waitFor();
    expect(await rows().count()).toBe(50);
    expect(await rows().first().getByRole('link').first().textContent()).toBe(`shop ${MANY}`);
    await expectQuick();
    await page.getByRole('button', { name: 'Older deployments' }).click();
    await rows().nth(99).waitFor();
    expect(await rows().count()).toBe(100);
    expect(await rows().nth(99).getByRole('link').first().textContent()).toBe(`shop ${MANY - 99}`);
    await expectQuick();
  });

  it('finds the only one of its state, the oldest of all', async () => {
    await page.getByLabel('State').selectOption({ label: 'Failed' });
    await page.getByRole('link', { name: 'shop 1', exact: true }).waitFor();
    expect(await rows().count()).toBe(1);
    await expectQuick();
  });

  it('goes to any of them by its id', async () => {
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Find', exact: true }).fill('01j00000000000000000000042');
    await page.locator('.mantine-Spotlight-action').filter({ hasText: 'shop 42 on shop' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'shop 42' }).waitFor();
  });

  it('says of one whose events are gone that they are not known any more', async () => {
    await page.getByRole('tabpanel').getByText('Its events are no longer kept').waitFor();
    const pipeline = page.getByRole('list', { name: 'Steps', exact: true });
    expect(await pipeline.getByText('No longer known').count()).toBe(7);
    expect(await page.getByText('Not reached').count()).toBe(0);
    expect(await accessibilityProblems(page)).toEqual([]);
  });
});

describe('the dashboard with many clients and keys', () => {
  beforeAll(async () => {
    await page.evaluate('sessionStorage.clear()');
    await signIn('operations/clients', admin);
  });

  it('shows the first clients, and more when they are asked for', async () => {
    await rows().nth(99).waitFor();
    expect(await rows().count()).toBe(100);
    await page.getByRole('button', { name: 'More clients' }).click();
    await page.getByRole('link', { name: 'client-150', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'More clients' }).count()).toBe(0);
    expect(await rows().count()).toBe(151);
  });

  it('shows the newest keys, older ones when they are asked for, and those of a client', async () => {
    await page.getByRole('tab', { name: 'Keys' }).click();
    await rows().nth(99).waitFor();
    expect(await rows().count()).toBe(100);
    await page.getByRole('button', { name: 'Older keys' }).click();
    await rows().filter({ hasText: 'client-150' }).waitFor();
    expect(await rows().count()).toBe(152);
    await page.getByRole('textbox', { name: 'Client' }).fill('client-150');
    await page.keyboard.press('Enter');
    await expect.poll(() => rows().count()).toBe(1);
    expect(new URL(page.url()).search).toBe('?client=client-150');
    await page.getByRole('textbox', { name: 'Client' }).fill('client-999');
    await page.keyboard.press('Enter');
    await page.getByText('There are no keys of this client').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
  });
});
