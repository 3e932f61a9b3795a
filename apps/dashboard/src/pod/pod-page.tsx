import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from 'react-router';
import type { PodDetailView, ShownState } from '@podway/contracts';
import { DeploymentPages } from '../deployment/deployments-page.js';
import { useSession } from '../session/session.js';
import { Ago } from '../shown/times.js';
import { Notice } from '../shown/notice.js';
import { Heading } from '../shown/heading.js';
import { Loaded } from '../shown/problem.js';
import { ChangesView } from './changes-view.js';
import { EnvironmentMark } from './environment-mark.js';
import { PodActions } from './pod-actions.js';
import { ServersView } from './servers-view.js';
import { useLastDeployment } from './use-last-deployment.js';

/** One POD: its servers, its deployments, what its releases changed. */
export function PodPage() {
  const { podway } = useSession();
  const { pod: name = '' } = useParams();
  const pod = useQuery({ queryKey: ['pod', name], queryFn: () => podway.pod(name) });
  return <Loaded query={pod}>{(data) => <Pod pod={data} />}</Loaded>;
}

function Pod({ pod }: { pod: PodDetailView }) {
  const go = useNavigate();
  const { view = 'servers' } = useParams();
  const { name, client, hosts, release, currentRelease, paused, runningDeployment, queueLength } = pod;
  const { environment, writesFenced } = pod;
  const { deployment } = useLastDeployment(pod);
  return (
    <>
      <Heading
        title={name}
        mark={<EnvironmentMark environment={environment} />}
        below={
          <>
            POD of {client}
            {hosts.length > 0 && <>, serves {hosts.join(', ')}</>},{' '}
            {release === undefined ? 'no release yet' : `release ${release}`}
            {currentRelease?.label ? ` (${currentRelease.label})` : ''}
            {queueLength > 0 && `, ${queueLength} waiting`}
          </>
        }
      >
        <PodActions pod={pod} />
      </Heading>
      {paused && (
        <Notice tone="warn" title="The POD is paused">
          Nothing begins in it. Paused by <span className="mono">{paused.by}</span> <Ago at={paused.since} />
          {paused.reason === undefined ? '.' : `: ${paused.reason}`}
        </Notice>
      )}
      {writesFenced && (
        <Notice tone="warn" title="Users can only read">
          Writes are fenced since <Ago at={writesFenced.since} />, until{' '}
          <Link to={`/deployments/${writesFenced.deploymentId}`}>the deployment</Link> is over.
        </Notice>
      )}
      {runningDeployment !== undefined && <Owned id={runningDeployment} state={deployment?.state} />}
      <Tabs value={view} onChange={(to) => void go(`/pods/${name}/${to ?? ''}`)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="servers">Servers</Tabs.Tab>
          <Tabs.Tab value="deployments">Deployments</Tabs.Tab>
          <Tabs.Tab value="changes">Changes and roll back</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="servers">
          <ServersView pod={pod} />
        </Tabs.Panel>
        <Tabs.Panel value="deployments">
          <DeploymentPages pod={name} />
        </Tabs.Panel>
        <Tabs.Panel value="changes">
          <ChangesView pod={pod} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** By a deployment that runs, or by one whose roll-back failed: then nothing goes on by itself. */
function Owned({ id, state }: { id: string; state: ShownState | undefined }) {
  if (state === 'RollbackFailed')
    return (
      <Notice tone="bad" title="A roll-back failed">
        No update begins until its cause is mended and it is retried:{' '}
        <Link to={`/deployments/${id}`}>see the deployment</Link>.
      </Notice>
    );
  return (
    <Notice tone="busy" title="An update runs">
      <Link to={`/deployments/${id}`}>Follow the deployment</Link>
    </Notice>
  );
}
