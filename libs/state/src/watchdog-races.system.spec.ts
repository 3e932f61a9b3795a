import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callScript, context, newTree, treeServer, type TreeServer } from '../test/tree-server.js';
import { TreeStateDriver } from './tree-state-driver.js';

const RACES = 501;
const LANES = 3;
const driver = new TreeStateDriver();
const servers: TreeServer[] = [];

/**
 * The time runs out at the moment of the disarming: whoever wins, both must tell the same story.
 * @param lead milliseconds by which the disarming is begun before the time runs out; below 0: after it.
 */
async function race(
  server: TreeServer,
  round: number,
  trees: { old: { treeId: string; fingerprint: string }; new: { treeId: string; fingerprint: string } },
  lead: number,
): Promise<'disarmed' | 'fired'> {
  const uptime = 1000 + round * 1000;
  server.bootedSince(uptime);
  const ctx = context(round + 10);
  await driver.switchTo(server, ctx, trees.old);
  await driver.switchTo(server, ctx, { ...trees.new, watchdogMs: 60_000 });
  const [told] = await Promise.all([
    pause(Math.random() * 10 + Math.max(0, -lead)).then(() =>
      driver.disarmWatchdog(server, ctx.deploymentId),
    ),
    pause(Math.random() * 10 + Math.max(0, lead)).then(() => {
      server.bootedSince(uptime + 60);
      return callScript(server, 'watchdog-tick');
    }),
  ]);
  // A second tick and a second disarming change nothing any more.
  await callScript(server, 'watchdog-tick');
  const again = await driver.disarmWatchdog(server, ctx.deploymentId);
  const { liveTreeId, restoredByWatchdog, watchdog } = await driver.inspect(server);
  const fired = told === 'fired';
  expect({
    told,
    again,
    liveTreeId,
    restored: restoredByWatchdog.includes(ctx.deploymentId),
    watchdog,
  }).toEqual({
    told: fired ? 'fired' : 'disarmed',
    again: fired ? 'fired' : 'not-armed',
    liveTreeId: fired ? trees.old.treeId : trees.new.treeId,
    restored: fired,
    watchdog: undefined,
  });
  return fired ? 'fired' : 'disarmed';
}

beforeAll(async () => {
  for (let i = 0; i < LANES; i++) servers.push(await treeServer({}, { name: `server-${i}` }));
});
afterAll(() => servers.forEach((server) => server.remove()));

it(
  `${RACES} disarmings against the deadline: none inconsistent, each side wins some`,
  { retry: 0, timeout: 900_000 },
  async () => {
    const wins = { disarmed: 0, fired: 0 };
    await Promise.all(
      servers.map(async (server) => {
        await driver.prepare(server);
        const ctx = context(1);
        const trees = {
          old: await newTree(driver, server, ctx, { a: 'old' }),
          new: await newTree(driver, server, ctx, { a: 'new' }),
        };
        // Whoever has lost begins earlier next time: so the two meet, however quick the machine is.
        let lead = 0;
        for (let round = 0; round < RACES / LANES; round++) {
          const winner = await race(server, round, trees, lead);
          lead += winner === 'fired' ? 10 : -10;
          wins[winner]++;
        }
      }),
    );
    expect(wins.disarmed + wins.fired).toBe(RACES);
    expect(Math.min(wins.disarmed, wins.fired)).toBeGreaterThan(0);
  },
);
