import { expect, it } from 'vitest';
import type { Envelope, ShownState, StageView } from '@podway/contracts';
import { DEPLOYMENT_CHANGED } from '@podway/contracts/plain';
import { eventsUpTo, roundsOf } from './rounds.js';

const stages = (...states: ShownState[]): StageView[] =>
  states.map((state) => ({ state, startedAt: '2030-01-01T00:00:00.000Z', cause: 'x' }));

it.each<[number, ShownState[]]>([
  [1, ['Submitted']],
  [1, ['Installing', 'RollingBack']],
  [1, ['Installing', 'RollingBack', 'RolledBack']],
  [1, ['RollingBack', 'RollbackFailed']],
  [2, ['RollingBack', 'RollbackFailed', 'RollingBack']],
  [2, ['RollingBack', 'RollbackFailed', 'RollingBack', 'RolledBack']],
  [3, ['RollingBack', 'RollbackFailed', 'RollingBack', 'RollbackFailed', 'RollingBack']],
])('%d ends after %j', (rounds, states) => {
  expect(roundsOf({ state: states.at(-1) ?? 'Submitted', stages: stages(...states) })).toBe(rounds);
});

it('no end of one whose events are gone, and no look for them', async () => {
  expect(roundsOf({ state: 'Succeeded', stages: [] })).toBe(0);
  for await (const { type } of eventsUpTo(0, changes('RollingBack'))) expect.fail(type);
});

async function* changes(...to: string[]): AsyncGenerator<Envelope> {
  for (const state of to) yield { type: DEPLOYMENT_CHANGED, data: { to: state } } as unknown as Envelope;
  throw new Error('the stream was to be left');
}

it('tells what comes after a retried roll-back, too', async () => {
  const seen: unknown[] = [];
  const all = changes('RollingBack', 'RollbackFailed', 'RollingBack', 'RolledBack');
  for await (const { data } of eventsUpTo(2, all)) seen.push((data as { to: string }).to);
  expect(seen).toEqual(['RollingBack', 'RollbackFailed', 'RollingBack', 'RolledBack']);
});
