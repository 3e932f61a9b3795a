import { beforeEach, describe, expect, it } from 'vitest';
import { ulid } from 'ulid';
import { useDatabase } from '../../test/database.js';
import { DeploymentEntity } from '../entities/index.js';
import { LogFeed } from './log-feed.js';
import { Logs, type LogFilter, type NewLogLine } from './logs.js';

const db = useDatabase();
const subject = { deploymentId: ulid(), client: 'acme', pod: 'shop' };
let logs: Logs;
beforeEach(() => {
  logs = new Logs(db.dataSource);
});

function lines(count: number, changes: Partial<NewLogLine> = {}, from = 0): NewLogLine[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ server: 'web1', step: 'Installing', part: 'site', run: 0, level: 'info' },
    ...{ line: from + index, text: `line ${from + index}`, at: new Date() },
    ...changes,
  }));
}
const read = (filter: Partial<LogFilter> = {}) =>
  logs.read(subject.deploymentId, { after: 0, limit: 10_000, ...filter });

it('keeps lines in their order, and gives them back as they were', async () => {
  const at = new Date('2026-03-02T09:12:30.123Z');
  const told = lines(3, { at, level: 'warning', text: `'"\\ {,} NULL ä 🙂` });
  await logs.append(subject, told);
  expect(await read()).toEqual(told.map((line, index) => ({ ...subject, number: index + 1, ...line })));
  expect(await logs.last(subject.deploymentId)).toBe(3);
  expect(await logs.last(ulid())).toBe(0);
});

it('does not add what is there, in one call or in another', async () => {
  await logs.append(subject, lines(3));
  await logs.append(subject, [...lines(5), ...lines(5), ...lines(1, { server: 'web2' })]);
  await logs.append(subject, lines(5));
  const found = await read();
  expect(found.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(found.map(({ server, line }) => `${server} ${line}`)).toEqual([
    ...['web1 0', 'web1 1', 'web1 2', 'web1 3', 'web1 4', 'web2 0'],
  ]);
});

it('numbers without gaps while several write, and nobody who has seen a number finds a lower one later', async () => {
  const other = new Logs(await db.another());
  const writers = ['web1', 'web2', 'web3'].map(async (server, index) => {
    for (let batch = 0; batch < 20; batch += 1) {
      // Each batch once more, as a command that came again would.
      const told = lines(7, { server }, batch * 7);
      await Promise.all([logs.append(subject, told), (index === 0 ? logs : other).append(subject, told)]);
    }
  });
  const seen: number[] = [];
  let writing = true;
  const reader = (async () => {
    while (writing || seen.length < 420) {
      for (const { number } of await read({ after: seen.at(-1) ?? 0, limit: 50 })) seen.push(number);
    }
  })();
  await Promise.all(writers);
  writing = false;
  await reader;
  expect(seen).toEqual(Array.from({ length: 420 }, (_, index) => index + 1));
});

it('gives runs different numbers', async () => {
  const runs = await Promise.all(Array.from({ length: 20 }, () => logs.nextRun()));
  expect(new Set(runs).size).toBe(20);
  expect(Math.min(...runs)).toBeGreaterThan(0);
});

describe('a filter', () => {
  beforeEach(async () => {
    await logs.append(subject, [
      ...lines(1, { text: 'Copied 100% of A_B' }),
      ...lines(1, { text: 'copied 1000 of AxB', level: 'warning' }, 1),
      ...lines(1, { text: 'back\\slash', level: 'error', server: 'web2' }),
      ...lines(1, { text: 'checked', step: 'Verifying' }),
    ]);
    await logs.append({ ...subject, deploymentId: ulid() }, lines(1));
  });

  it.each<[Partial<LogFilter>, number[]]>([
    [{}, [1, 2, 3, 4]],
    [{ after: 1, limit: 2 }, [2, 3]],
    [{ server: 'web2' }, [3]],
    [{ step: 'Verifying' }, [4]],
    [{ level: 'info' }, [1, 2, 3, 4]],
    [{ level: 'warning' }, [2, 3]],
    [{ level: 'error' }, [3]],
    [{ search: 'COPIED' }, [1, 2]],
    [{ search: '100%' }, [1]],
    [{ search: 'a_b' }, [1]],
    [{ search: '\\' }, [3]],
    [{ search: '%' }, [1]],
    [{ search: 'copied', server: 'web1', level: 'warning' }, [2]],
  ])('%j', async (filter, numbers) => {
    expect((await read(filter)).map(({ number }) => number)).toEqual(numbers);
  });
});

describe('prune', () => {
  const old = new Date(Date.now() - 60_000);
  const deployment = async (state: 'over' | 'running' | 'kept'): Promise<string> => {
    const id = ulid();
    await db.dataSource.manager.insert(DeploymentEntity, {
      ...{ id, updateId: ulid(), client: 'acme', pod: id, data: {}, deadline: null, version: 1 },
      ...{ state: state === 'kept' ? 'RollbackFailed' : 'Succeeded', leased: state !== 'over' },
      ...{ traceparent: 't', submittedAt: old, updatedAt: old, finishedAt: state === 'running' ? null : old },
    });
    await logs.append({ ...subject, deploymentId: id }, lines(2, { at: old }));
    await logs.append({ ...subject, deploymentId: id }, lines(1, { part: 'new' }));
    return id;
  };

  it('removes what is old, unless its deployment may go on', async () => {
    const [over, running, kept] = [
      await deployment('over'),
      await deployment('running'),
      await deployment('kept'),
    ];
    expect(await logs.prune(new Date(Date.now() - 30_000))).toBe(2);
    const left = await Promise.all([over, running, kept].map((id) => logs.read(id, { after: 0, limit: 9 })));
    expect(left.map((found) => found.map(({ number }) => number))).toEqual([[3], [1, 2, 3], [1, 2, 3]]);
  });
});

it('tells those who wait for this deployment', async () => {
  const feed = new LogFeed(db.url, 600_000);
  const told: string[] = [];
  feed.onMore(subject.deploymentId, () => told.push('this'));
  feed.onMore(ulid(), () => told.push('another'));
  try {
    feed.start();
    // Once when it begins to listen: what came before may be new to all.
    await expect.poll(() => told).toEqual(['this', 'another']);
    await logs.append(subject, lines(1));
    await expect.poll(() => told).toEqual(['this', 'another', 'this']);
  } finally {
    await feed.close();
  }
});
