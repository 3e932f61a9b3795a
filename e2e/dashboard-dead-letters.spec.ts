import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AbortRequested, envelop } from '@podway/contracts';
import { podwayTopology, routed, type Disposition } from '@podway/messaging';
import { ApiKeys, connectDatabase, PostgresBroker } from '@podway/persistence';
import { accessibilityProblems, PATIENCE_MS, startBrowser, type TestBrowser } from './support/browser.js';
import { startGatewayAlone, type GatewayAlone } from './support/gateway-alone.js';

const queue = 'podway.saga-coordinator.outcomes';
const deploymentId = '01J00000000000000000000042';

let gateway: GatewayAlone;
let browser: TestBrowser;
let page: Page;
let broker: PostgresBroker;
/** What the coordinator makes of a message. */
let handled: Disposition = { kind: 'dead-letter', code: 'SAGA.BROKEN', reason: 'the database is away' };
const seen: string[] = [];

beforeAll(async () => {
  [gateway, browser] = await Promise.all([startGatewayAlone(), startBrowser()]);
  page = browser.page;
  const database = await connectDatabase({ url: gateway.databaseUrl, poolSize: 1 });
  const { text: key } = await new ApiKeys(database).create({ client: '*', role: 'operator' });
  await database.destroy();
  broker = new PostgresBroker({ connectionString: gateway.databaseUrl });
  await broker.declare(podwayTopology());
  await broker.consume(queue, { prefetch: 1 }, async ({ body }) => {
    seen.push(new TextDecoder().decode(body));
    return handled;
  });
  await page.goto(`${gateway.api}/dashboard/operations/dead-letters`);
  await page.getByLabel('API key or OIDC token', { exact: true }).fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
});
afterAll(async () => {
  await browser?.close();
  await broker?.close();
  await gateway?.stop();
});

it('shows a message that was given up, and has it handled again once the cause is mended', async () => {
  await page.getByText('There are no dead letters').waitFor();
  const request = Object.assign(new AbortRequested(), { deploymentId, by: 'abcdefghijkl' });
  const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
  await broker.publish(routed(envelop(request, { source: 'test', subject: 'acme/shop', traceparent })));
  await expect.poll(() => broker.deadLetters().count(), { timeout: PATIENCE_MS }).toBe(1);
  await page.reload();
  const letters = page.getByRole('region', { name: queue });
  await letters.getByText('SAGA.BROKEN').waitFor();
  await letters.getByText('the database is away').waitFor();
  await letters.getByText('Message', { exact: true }).click();
  await letters.getByText(deploymentId).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  handled = { kind: 'ack' };
  await letters.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('button', { name: 'Replay them' }).click();
  await page.getByText(`1 message is back in ${queue}`).waitFor();
  await page.getByText('There are no dead letters').waitFor();
  await expect.poll(() => seen.length, { timeout: PATIENCE_MS }).toBe(2);
  expect(seen[1]).toBe(seen[0]);
});
