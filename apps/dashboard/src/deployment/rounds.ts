import type { DeploymentChanged, DeploymentDetailView, Envelope } from '@podway/contracts';
import { DEPLOYMENT_CHANGED, isFinished } from '@podway/contracts/plain';

/**
 * How often a deployment has ended once it is over, as far as its events are kept: a failed roll-back that is retried ends once
 * more. 0: the event of its end is gone, too.
 */
export function roundsOf({ state, stages }: Pick<DeploymentDetailView, 'state' | 'stages'>): number {
  const ended = stages.filter((stage) => isFinished(stage.state)).length;
  return isFinished(state) ? ended : ended + 1;
}

/** A deployment's events up to the last of so many ends: after it nothing comes, and no connection is to wait for it. */
export async function* eventsUpTo(
  rounds: number,
  events: AsyncIterable<Envelope>,
): AsyncGenerator<Envelope, void, undefined> {
  let left = rounds;
  if (left === 0) return;
  for await (const event of events) {
    yield event;
    if (event.type === DEPLOYMENT_CHANGED && isFinished((event.data as DeploymentChanged).to)) left -= 1;
    if (left === 0) return;
  }
}
