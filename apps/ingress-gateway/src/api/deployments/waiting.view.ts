import type { WaitingView } from '@podway/contracts';
import type { DeploymentEntity, DeploymentReader } from '@podway/persistence';
import { waitOf } from '@podway/pipeline';

/** Why a deployment has not begun; undefined for one that does not wait, or whose turn comes in this moment. */
export async function waitingView(
  deployment: DeploymentEntity,
  deployments: DeploymentReader,
): Promise<WaitingView | undefined> {
  if (deployment.state !== 'Queued') return undefined;
  const before = await deployments.before(deployment);
  if (before > 0) return { kind: 'queue', detail: `${before} before it` };
  const wait = waitOf(await deployments.beginFacts(deployment), new Date());
  if (!wait) return undefined;
  const { kind, detail, until } = wait;
  return { kind, detail, ...(until ? { until: until.toISOString() } : {}) };
}
