import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { EventRetention, Logs } from '@podway/persistence';
import { appendChange, insertDeployment, numberEvents } from '../../../test/deployments.js';
import { startGateway, type TestGateway } from '../../../test/gateway.js';
import { Pruning } from './pruning.js';

const day = 86_400_000;
const ago = (ms: number): Date => new Date(Date.now() - ms);
let gateway: TestGateway;
let logs: Logs;
let events: EventRetention;

beforeAll(async () => {
  gateway = await startGateway({
    PODWAY_COLLECT_EVERY_MS: '1000',
    PODWAY_LOGS_KEPT_MS: String(2 * day),
    PODWAY_EVENTS_KEPT_MS: String(day),
  });
  logs = new Logs(gateway.dataSource);
  events = new EventRetention(gateway.dataSource);
});
afterAll(() => gateway.close());
beforeEach(() => gateway.dataSource.query('truncate coordinator.event_log'));

/** A deployment that ended so long ago, with a line of log and an event of then. */
async function deployed(ms: number): Promise<string> {
  const deployment = await insertDeployment(gateway.dataSource, { state: 'Succeeded' });
  const { id } = deployment;
  const at = ago(ms);
  await gateway.dataSource.query('update coordinator.deployments set finished_at = $2 where id = $1', [
    id,
    at,
  ]);
  await logs.append({ deploymentId: id, client: 'acme', pod: 'shop' }, [
    { server: 'web1', step: 'Installing', part: 'site', run: 0, line: 0, level: 'info', text: 'said', at },
  ]);
  await appendChange(gateway.dataSource, deployment, { to: 'Succeeded', cause: 'x', time: at });
  await numberEvents(gateway.dataSource);
  await gateway.dataSource.query('update coordinator.event_log set published = true');
  return id;
}

async function left(id: string): Promise<{ lines: number; events: number }> {
  const [row]: { count: string }[] = await gateway.dataSource.query(
    'select count(*) from coordinator.event_log where deployment_id = $1',
    [id],
  );
  return { lines: (await logs.read(id, { after: 0, limit: 9 })).length, events: Number(row?.count) };
}

it('removes by itself what was kept long enough, each by its own time', async () => {
  const [oldest, older, young] = [await deployed(3 * day), await deployed(1.5 * day), await deployed(0)];
  await expect.poll(() => left(older), { timeout: 20_000 }).toEqual({ lines: 1, events: 0 });
  await expect.poll(() => left(oldest), { timeout: 20_000 }).toEqual({ lines: 0, events: 0 });
  expect(await left(young)).toEqual({ lines: 1, events: 1 });
});

it('tells what could not be removed, and removes the other all the same', async () => {
  const id = await deployed(3 * day);
  await deployed(0);
  const logger = { info: vi.fn(), warn: vi.fn() };
  const broken = { prune: () => Promise.reject(new Error('away')) } as unknown as Logs;
  const { settings } = gateway.context;
  await new Pruning(broken, events, settings, logger as never).prune();
  expect(logger.warn.mock.calls).toEqual([
    [{ err: new Error('away') }, 'old lines of logs could not be removed'],
  ]);
  expect((await left(id)).events).toBe(0);
});
