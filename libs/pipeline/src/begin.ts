import { DeploymentChanged, type UpdateSubmitted } from '@podway/contracts';
import { noEffects, type DecisionContext, type Moved } from './decision.js';
import { attempted } from './entering.js';

/** A deployment's first state and command. The caller proves that there is no such deployment yet. */
export function begin(submitted: UpdateSubmitted, context: DecisionContext): Moved {
  const {
    updateId,
    deploymentId,
    publisher,
    source,
    target,
    label,
    reason,
    statement,
    submittedAt,
    group,
    urgent,
  } = submitted;
  const first = {
    ...{ deploymentId, updateId, publisher, source, target, submittedAt },
    ...(label === undefined ? {} : { label }),
    ...(reason === undefined ? {} : { reason }),
    ...(group === undefined ? {} : { group }),
    ...(urgent === true ? { urgent } : {}),
    ...(statement === undefined ? {} : { statement }),
    name: 'Authenticating',
    enteredAt: context.now.toISOString(),
    ...{ attempt: 0, tries: 0, attempts: {}, servers: [], quarantined: [] },
  } as const;
  const changed = Object.assign(new DeploymentChanged(), {
    ...{ deploymentId, updateId },
    to: 'Authenticating',
    cause: 'UpdateSubmitted',
  });
  const moved = attempted(first, 'Authenticating', context);
  return { kind: 'moved', ...moved, changed, publish: submitted, effects: noEffects };
}
