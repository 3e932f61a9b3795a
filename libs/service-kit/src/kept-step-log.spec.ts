import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { AuthenticateUpdate, InstallUpdate } from '@podway/contracts';
import type { LogSubject, NewLogLine } from '@podway/persistence';
import type { StepLog } from '@podway/state';
import { keptStepLogs } from './kept-step-log.js';

const subject = { deploymentId: '01JX4E7Q2M8V3K5N6P9R0S1T2W', client: 'acme', pod: 'shop' };
const command = Object.assign(new InstallUpdate(), { ...subject, step: 'Installing' } as const);
const away = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const site = { server: 'web1', part: 'site' };

let transactions: NewLogLine[][];
let subjects: LogSubject[];
let runs: number;
let append: (lines: readonly NewLogLine[]) => Promise<void>;
beforeEach(() => {
  transactions = [];
  subjects = [];
  runs = 40;
  append = async () => undefined;
});

function stepLog({ maxLines = 100, everyMs = 5, lines = 10, retryDelaysMs = [1, 1] } = {}): StepLog {
  const sink = {
    nextRun: async () => (runs += 1),
    append: async (of: LogSubject, told: readonly NewLogLine[]) => {
      await append(told);
      subjects.push(of);
      transactions.push([...told]);
    },
  };
  return keptStepLogs(sink, maxLines, { everyMs, lines, retryDelaysMs })(command);
}
const all = () =>
  transactions.flat().map(({ server, part, run, line, level, text }) => ({
    ...{ server, part, run, line, level, text },
  }));
const texts = (): string[] => transactions.flat().map(({ text }) => text);

it('keeps what a program prints as its only run, and what the step says as one of its own', async () => {
  const log = stepLog();
  log.say({ ...site, level: 'info', text: 'installing site' });
  log.output({ ...site, line: 0, text: 'hello' });
  log.say({ ...site, level: 'error', text: 'failed:\nbecause\n' });
  log.say({ server: 'web2', part: 'site', level: 'info', text: 'installing site' });
  await log.kept();
  expect(subjects[0]).toEqual(subject);
  expect(transactions.flat().every(({ step, at }) => step === 'Installing' && at instanceof Date)).toBe(true);
  expect(all()).toEqual([
    { ...site, run: 41, line: 0, level: 'info', text: 'installing site' },
    { ...site, run: 0, line: 0, level: 'info', text: 'hello' },
    { ...site, run: 41, line: 1, level: 'error', text: 'failed:' },
    { ...site, run: 41, line: 2, level: 'error', text: 'because' },
    { server: 'web2', part: 'site', run: 41, line: 0, level: 'info', text: 'installing site' },
  ]);
});

it('asks for no run where only programs print', async () => {
  const log = stepLog();
  log.output({ ...site, line: 0, text: 'hello' });
  await log.kept();
  expect(runs).toBe(40);
});

it('writes soon by itself, many lines at once, and at once when there are many', async () => {
  const slow = stepLog({ everyMs: 20 });
  for (let line = 0; line < 5; line += 1) slow.output({ ...site, line, text: `${line}` });
  expect(transactions).toEqual([]);
  await expect.poll(() => transactions.length).toBe(1);
  const never = stepLog({ everyMs: 60_000, lines: 3 });
  for (let line = 0; line < 3; line += 1) never.output({ ...site, line, text: `${line}` });
  await expect.poll(() => transactions.length).toBe(2);
});

it('has kept what was said until it was asked, also while it was writing', async () => {
  const log = stepLog({ everyMs: 0, lines: 2 });
  append = () => sleep(1);
  for (let line = 0; line < 50; line += 1) {
    log.output({ ...site, line, text: `${line}` });
    if (line % 3 === 0) await log.kept();
    if (line % 3 === 0) expect(texts()).toContain(`${line}`);
  }
  await log.kept();
  expect(texts()).toEqual(Array.from({ length: 50 }, (_, line) => `${line}`));
});

describe('a database that is away', () => {
  it('is waited for, in order and without a line twice', async () => {
    let failures = 2;
    append = async () => {
      if (failures-- > 0) throw away;
    };
    const log = stepLog();
    log.output({ ...site, line: 0, text: 'a' });
    log.output({ ...site, line: 1, text: 'b' });
    await log.kept();
    expect(texts()).toEqual(['a', 'b']);
  });

  it('is told when it stays away, and nothing is lost', async () => {
    append = () => Promise.reject(away);
    const log = stepLog();
    log.output({ ...site, line: 0, text: 'a' });
    await expect(log.kept()).rejects.toBe(away);
    append = async () => undefined;
    log.output({ ...site, line: 1, text: 'b' });
    await log.kept();
    expect(texts()).toEqual(['a', 'b']);
  });

  it('is not waited for when something else is wrong', async () => {
    let tries = 0;
    append = () => ((tries += 1), Promise.reject(new Error('no such table')));
    const log = stepLog({ everyMs: 60_000 });
    log.output({ ...site, line: 0, text: 'a' });
    await expect(log.kept()).rejects.toThrow('no such table');
    expect(tries).toBe(1);
  });
});

it('keeps so many lines of a part and no more, and says so once', async () => {
  const log = stepLog({ maxLines: 3 });
  for (let line = 0; line < 9; line += 1) log.output({ ...site, line, text: `${line}` });
  for (let n = 0; n < 9; n += 1) log.say({ ...site, level: 'info', text: `said ${n}` });
  log.output({ server: 'web1', part: 'other', line: 0, text: 'more' });
  await log.kept();
  const last = 'more than 3 lines: the rest is not kept';
  expect(texts()).toEqual(['0', '1', '2', last, 'said 0', 'said 1', 'said 2', last, 'more']);
  expect(all()[3]).toMatchObject({ line: 3, level: 'warning', run: 0 });
});

it.each([
  ['\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'red link'],
  ['a\u0000b\u0007c\td  ', 'abc\td'],
  ['abc\u202edef', 'abcdef'],
  ['x'.repeat(5_000), `${'x'.repeat(3_999)}…`],
  ['ä🙂', 'ä🙂'],
])('keeps %j as it may be shown', async (text, shown) => {
  const log = stepLog();
  log.output({ server: 'web1', part: 'p'.repeat(400), line: 0, text });
  await log.kept();
  expect(texts()).toEqual([shown]);
  expect(all()[0]?.part).toHaveLength(300);
});

it('is none for a step that is about no POD', async () => {
  const other = Object.assign(new AuthenticateUpdate(), { deploymentId: subject.deploymentId });
  const log = keptStepLogs({ append: () => Promise.reject(away), nextRun: async () => 1 }, 9)(other);
  log.say({ ...site, level: 'info', text: 'x' });
  await log.kept();
});
