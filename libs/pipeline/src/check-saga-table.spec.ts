import { Event, StepOutcome, VerifyServer } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { checkSagaTable } from './check-saga-table.js';
import { SagaTableError } from './pipeline.errors.js';
import { ownSaga, type SagaParts } from './reactions.js';
import type { SagaRow } from './saga-table.js';

const saga = ownSaga();

function problemsOf(parts: Partial<SagaParts>): readonly string[] {
  try {
    checkSagaTable(parts);
    return [];
  } catch (error) {
    if (error instanceof SagaTableError) return error.problems;
    throw error;
  }
}

function withRow(state: keyof SagaParts['table'], row: Partial<SagaRow>): Partial<SagaParts> {
  return { table: { ...saga.table, [state]: { ...saga.table[state], ...row } } };
}

function withTiming(
  state: keyof SagaParts['grid'],
  column: number,
  timing: 'own' | 'late' | 'early' | undefined,
) {
  const row = saga.grid[state].map((old, i) => (i === column ? timing : old));
  return { grid: { ...saga.grid, [state]: row } } as Partial<SagaParts>;
}

const withoutTable = (state: keyof SagaParts['table']): Partial<SagaParts> => {
  const { [state]: _gone, ...rest } = saga.table;
  return { table: rest as SagaParts['table'] };
};

describe('checkSagaTable', () => {
  it('finds nothing in the table as it is', () => {
    expect(() => checkSagaTable()).not.toThrow();
  });

  const verify = saga.messages.find(({ payload }) => payload === VerifyServer)!;
  const planted: [string, Partial<SagaParts>, RegExp][] = [
    ['a state without a row', withoutTable('Failed'), /Failed has no row/],
    ['a state that nothing leads to', withRow('Queued', { fail: {} }), /Superseded is never reached/],
    [
      'an outcome that no state takes',
      withRow('Installing', { advance: {} }),
      /UpdateInstalled ends no step/,
    ],
    ['a step that cannot go on', withRow('Installing', { advance: {} }), /Verifying is never reached/],
    ['a step without a fail column', withRow('Installing', { fail: {} }), /Installing times out to 0 states/],
    [
      'a fail column that leads two ways',
      withRow('Verifying', {
        fail: { VerificationFailed: 'RollingBack', VerificationInconclusive: 'Failed' },
      }),
      /Verifying times out to 2 states/,
    ],
    ['a step without a command', withRow('Verifying', { command: undefined }), /VerifyServer is never sent/],
    ['a step without limits', withRow('Verifying', { timeoutMs: 0 }), /Verifying has no limits/],
    [
      'an end that goes on',
      withRow('Succeeded', { advance: { PodLeased: 'Queued' } }),
      /Succeeded is terminal but leaves/,
    ],
    [
      'an end that can be aborted',
      withRow('Failed', { abort: 'Aborted' }),
      /Failed is terminal but can be aborted/,
    ],
    [
      'a way round for ever',
      withRow('Queued', { advance: { PodLeased: 'Queued' }, fail: {}, abort: 'ignored' }),
      /Queued never ends/,
    ],
    [
      'a failure in the wrong column',
      withRow('Installing', {
        advance: { InstallFailed: 'Verifying' },
        fail: { UpdateInstalled: 'RollingBack' },
      }),
      /InstallFailed in the wrong column/,
    ],
    [
      'a replacement for nothing',
      withRow('Installing', { instead: { aborted: { SnapshotTaken: 'Aborted' } } }),
      /which it does not take/,
    ],
    [
      'another command for none',
      withRow('Queued', { commandInstead: { installing: VerifyServer } }),
      /Queued replaces a command that it does not have/,
    ],
    [
      'another command that is never sent',
      withRow('Replicating', { commandInstead: {} }),
      /InstallOnOthers is never sent/,
    ],
    [
      'an unhandled pair',
      withTiming('Verifying', 4, undefined),
      /Verifying does not handle UpdateInstalled of Installing/,
    ],
    ['a pair taken twice', withTiming('Verifying', 4, 'own'), /takes the outcomes of Installing for its own/],
    ['own outcomes ignored', withTiming('Verifying', 5, 'late'), /does not take its own outcomes/],
    [
      'early outcomes dropped',
      withTiming('Queued', 4, 'late'),
      /Queued ignores Installing, which is still to come/,
    ],
    [
      'late outcomes kept for ever',
      withTiming('Verifying', 3, 'early'),
      /Verifying waits for Snapshotting, which cannot follow/,
    ],
    [
      'an internal input said to be ignored',
      { meaning: { ...saga.meaning, PodLeased: [] } },
      /takes PodLeased but is said to ignore/,
    ],
    [
      'an internal input that is not taken',
      { meaning: { ...saga.meaning, Superseded: ['Queued', 'Resolving'] } },
      /Resolving does not handle Superseded/,
    ],
    [
      'a command with two handlers',
      { messages: [...saga.messages, { ...verify, service: 'auth' }] },
      /VerifyServer has 2 handlers/,
    ],
    [
      'a command with none',
      { messages: saga.messages.map((m) => (m === verify ? { ...m, service: undefined } : m)) },
      /VerifyServer has 0 handlers/,
    ],
    [
      'a command that is not declared',
      { messages: saga.messages.filter((m) => m !== verify) },
      /VerifyServer is sent but is no declared command/,
    ],
  ];

  it.each(planted)('catches %s', (_name, parts, problem) => {
    expect(problemsOf(parts).join('\n')).toMatch(problem);
  });

  it('catches an outcome that is declared but ends no step', () => {
    class Forgotten extends StepOutcome {}
    Event('io.podway.test.forgotten.v1')(Forgotten);
    expect(problemsOf({ messages: ownSaga().messages })).toEqual(['Forgotten ends no step']);
  });

  it('lists all problems, one a line', () => {
    const error = new SagaTableError(problemsOf(withRow('Installing', { advance: {} })));
    expect(error.message.split('\n').length).toBeGreaterThan(3);
  });
});
