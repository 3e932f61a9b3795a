import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { callScript, context, newTree, treeServer, type TreeServer } from '../test/tree-server.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;

beforeEach(async () => {
  server = await treeServer();
  await driver.prepare(server);
});
afterEach(() => server.remove());

it('refuses every mutating verb with an older token, and changes nothing', async () => {
  const ctx = context(9);
  const { treeId, fingerprint } = await newTree(driver, server, ctx, { a: '1' });
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  const id = ctx.deploymentId;
  const stage = dir.split('/').at(-2) ?? '';
  const other = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
  const before = readdirSync(server.path, { recursive: true }).sort();
  const refused: [string, ...(string | number)[]][] = [
    ['snapshot', 8, id, 60_000],
    ['begin-stage', 8, id, '-', 'link'],
    ['commit-stage', 8, id, stage, treeId],
    ['receive', 8, id, treeId, fingerprint, '-'],
    ['switch', 8, id, treeId, fingerprint, 60_000],
    ['switch', 8, id, treeId, fingerprint, '-'],
    ['restore', 8, id, '-', EMPTY_FINGERPRINT, treeId],
    ['feed', 8, id, 60_000],
    ['complete', 8, id, treeId],
    ['job-start', 8, id, 'job', server.path, 1000, 'touch', 'ran'],
    ['job-cancel', 8, id, 'job'],
  ];
  server.write({ '.podway/jobs/job/deployment': other });
  for (const call of refused) {
    const { code, stderr } = await callScript(server, ...call);
    expect([call[0], code, stderr]).toEqual([
      call[0],
      11,
      'error\tFENCED\tfencing token 8 is older than 9\n',
    ]);
  }
  const after = readdirSync(server.path, { recursive: true }).sort();
  // The stage of a refused commit is dropped: nobody else may ever bring it in.
  const kept = (path: string | Buffer) => !String(path).includes(stage) && !String(path).includes('jobs/job');
  expect(after.filter(kept)).toEqual(before.filter(kept));
  expect(existsSync(server.file('current'))).toBe(false);
});

it('fences out a commit that was begun before a newer token came', async () => {
  const ctx = context(1);
  const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
  await driver.beginStage(server, context(2), { copy: 'link' });
  await expect(driver.commitStage(server, ctx, { dir, treeId: ctx.deploymentId })).rejects.toMatchObject({
    code: 'STATE.FENCED',
  });
  expect(readdirSync(server.file('releases'))).toEqual([]);
});

it.each(['-1', '01x', '', '1 2', '99999999999999999', '$(touch hurt)'])(
  'takes no token %j',
  async (token) => {
    const { code } = await callScript(server, 'complete', token, '01ARZ3NDEKTSV4RRFFQ69G5FAV', '-');
    expect(code).toBe(10);
  },
);

it('lets concurrent calls with the same tree agree', async () => {
  const ctx = context(1);
  const treeId = ctx.deploymentId;
  const stages = await Promise.all([1, 2, 3, 4].map(() => driver.beginStage(server, ctx, { copy: 'link' })));
  stages.forEach(({ dir }, i) => server.write({ who: String(i) }, dir));
  const commits = await Promise.all(
    stages.map(({ dir }) => driver.commitStage(server, ctx, { dir, treeId })),
  );
  expect(new Set(commits.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(commits[0]).toMatchObject({ fingerprint: (await driver.fingerprint(server, treeId)).fingerprint });
});

it('lets of two concurrent tokens the higher one win', async () => {
  const one = await newTree(driver, server, context(1), { a: '1' });
  const two = await newTree(driver, server, context(1), { a: '2' });
  for (let token = 2; token < 32; token += 2) {
    const [lower, higher] = await Promise.allSettled([
      driver.switchTo(server, context(token), one),
      driver.switchTo(server, context(token + 1), two),
    ]);
    expect(higher.status).toBe('fulfilled');
    if (lower.status === 'rejected') expect(lower.reason).toMatchObject({ code: 'STATE.FENCED' });
    expect((await driver.inspect(server)).liveTreeId).toBe(two.treeId);
    expect(readFileSync(server.file('.podway/token'), 'utf8')).toBe(`${token + 1}\n`);
  }
});
