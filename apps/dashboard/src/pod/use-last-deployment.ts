import { useQuery } from '@tanstack/react-query';
import type { DeploymentDetailView, PodDetailView } from '@podway/contracts';
import { useSession } from '../session/session.js';

interface LastDeployment {
  /** The POD's deployment that runs, or else its newest. */
  readonly deployment: DeploymentDetailView | undefined;
  /** Its canary; where it chose none, that of the release in force. */
  readonly canary: string | undefined;
}

/** What was done last in a POD. */
export function useLastDeployment(pod: PodDetailView): LastDeployment {
  const { podway } = useSession();
  const newest = useQuery({
    queryKey: ['pod', pod.name, 'last', pod.runningDeployment],
    queryFn: async () =>
      pod.runningDeployment ?? (await podway.deployments({ pod: pod.name, limit: 1 }))[0]?.id ?? null,
  });
  const deployment = useDeployment(newest.data ?? undefined);
  const ofRelease = useDeployment(
    deployment && deployment.canary === undefined ? pod.currentRelease?.deploymentId : undefined,
  );
  return { deployment, canary: deployment?.canary ?? ofRelease?.canary };
}

function useDeployment(id: string | undefined): DeploymentDetailView | undefined {
  const { podway } = useSession();
  const query = useQuery({
    queryKey: ['deployment', id],
    queryFn: ({ signal }) => podway.deployment(id ?? '').get(signal),
    enabled: id !== undefined,
  });
  return id === undefined ? undefined : query.data;
}
