import { PodwayError } from '@podway/contracts';

/** A message for another deployment was given to this one: the caller loaded the wrong row. */
export class ForeignMessageError extends PodwayError {
  constructor(deploymentId: string, foreign: string) {
    super('SAGA.FOREIGN_MESSAGE', `A message for deployment ${foreign} was given to ${deploymentId}`, {
      details: { deploymentId, foreign },
    });
  }
}

/** The state, or the caller's context, lacks what the next command needs. */
export class IncompleteStateError extends PodwayError {
  constructor(deploymentId: string, state: string, missing: string) {
    super('SAGA.INCOMPLETE_STATE', `Deployment ${deploymentId} needs ${missing} for ${state}`, {
      details: { deploymentId, state, missing },
    });
  }
}

/** The table has holes. `problems` lists each. */
export class SagaTableError extends PodwayError {
  constructor(readonly problems: readonly string[]) {
    super('SAGA.TABLE_INVALID', `The saga table is not sound:\n- ${problems.join('\n- ')}`, {
      details: { problems },
    });
  }
}
