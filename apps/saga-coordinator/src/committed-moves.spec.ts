import { describe, expect, it } from 'vitest';
import type { SagaTransaction } from '@podway/persistence';
import type { Moved, SagaState } from '@podway/pipeline';
import { CommittedMoves, type CommittedMove } from './committed-moves.js';

const stateOf = (name: string): SagaState => ({ deploymentId: 'd1', name }) as SagaState;
const moveTo = (name: string): Moved => ({ kind: 'moved', state: stateOf(name) }) as unknown as Moved;
const at = new Date(0);

/** A database whose commits can fail. */
function moves(commit: () => Promise<void>): { transactions: CommittedMoves; told: CommittedMove[] } {
  const told: CommittedMove[] = [];
  const transaction = {
    save: async () => undefined,
    lockDeployment: async () => ({ state: stateOf('Verifying'), traceparent: 't' }),
  } as unknown as SagaTransaction;
  const store = {
    async transaction<T>(run: (transaction: SagaTransaction) => Promise<T>): Promise<T> {
      const result = await run(transaction);
      await commit();
      return result;
    },
  };
  return { transactions: new CommittedMoves(store, (move) => told.push(move)), told };
}

describe('CommittedMoves', () => {
  it('tells what was saved after the commit, with what was before', async () => {
    let toldAtCommit = -1;
    const { transactions, told } = moves(async () => void (toldAtCommit = told.length));
    const result = await transactions.transaction(async (transaction) => {
      await transaction.lockDeployment('d1');
      await transaction.save(moveTo('Replicating'), 't', at);
      await transaction.save(moveTo('Confirming'), 't', at);
      return 'done';
    });
    expect(result).toBe('done');
    expect(toldAtCommit).toBe(0);
    expect(told.map(({ before, move }) => [before?.name, move.state.name])).toEqual([
      ['Verifying', 'Replicating'],
      ['Replicating', 'Confirming'],
    ]);
  });

  it('tells nothing of what was not committed', async () => {
    const { transactions, told } = moves(() => Promise.reject(new Error('serialization failure')));
    const run = transactions.transaction((transaction) => transaction.save(moveTo('Succeeded'), 't', at));
    await expect(run).rejects.toThrow('serialization failure');
    expect(told).toEqual([]);
  });

  it('knows no state before the first', async () => {
    const { transactions, told } = moves(async () => undefined);
    await transactions.transaction((transaction) => transaction.save(moveTo('Authenticating'), 't', at));
    expect(told[0]?.before).toBeUndefined();
  });
});
