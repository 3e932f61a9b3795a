import type { SagaStore, SagaTransaction } from '@podway/persistence';
import type { Moved, SagaState } from '@podway/pipeline';

/** A decision that is in the database for good. */
export interface CommittedMove {
  readonly move: Moved;
  /** As the deployment was; unset for one that has just begun. */
  readonly before: SagaState | undefined;
  readonly traceparent: string;
  readonly at: Date;
}

/**
 * Runs transactions, and tells what each has changed once it has committed: what is rolled back, or lost to another
 * coordinator, is told to nobody, and each change is told by the one process that made it.
 */
export class CommittedMoves {
  constructor(
    private readonly store: Pick<SagaStore, 'transaction'>,
    private readonly told: (move: CommittedMove) => void,
  ) {}

  async transaction<T>(run: (transaction: SagaTransaction) => Promise<T>): Promise<T> {
    const moves: CommittedMove[] = [];
    const result = await this.store.transaction((transaction) => run(noting(transaction, moves)));
    for (const move of moves) this.told(move);
    return result;
  }
}

function noting(transaction: SagaTransaction, moves: CommittedMove[]): SagaTransaction {
  const states = new Map<string, SagaState>();
  const seen = <D extends { state: SagaState } | undefined>(deployment: D): D => {
    if (deployment) states.set(deployment.state.deploymentId, deployment.state);
    return deployment;
  };
  return {
    ...transaction,
    lockDeployment: async (id) => seen(await transaction.lockDeployment(id)),
    nextInQueue: async (pod) => seen(await transaction.nextInQueue(pod)),
    queue: async (pod) => (await transaction.queue(pod)).map(seen),
    async save(move, traceparent, at) {
      await transaction.save(move, traceparent, at);
      const { deploymentId } = move.state;
      moves.push({ move, before: states.get(deploymentId), traceparent, at });
      states.set(deploymentId, move.state);
    },
  };
}
