import { Tabs, Text, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import type { DeploymentDetailView, FailureView } from '@podway/contracts';
import { LogView } from '../logs/log-view.js';
import { may, useSession } from '../session/session.js';
import { Heading } from '../shown/heading.js';
import { Notice } from '../shown/notice.js';
import { Mark } from '../shown/mark.js';
import { Loaded } from '../shown/problem.js';
import { Ago, Time } from '../shown/times.js';
import { states } from '../shown/words.js';
import { DeploymentActions } from './deployment-actions.js';
import { DeploymentFacts } from './deployment-facts.js';
import { DeploymentServers } from './deployment-servers.js';
import { Evidence } from './evidence.js';
import { PipelineList } from './pipeline-list.js';
import { roundsOf } from './rounds.js';
import { Timeline } from './timeline.js';

/** One deployment, as it goes. */
export function DeploymentPage() {
  const { podway } = useSession();
  const { id = '' } = useParams();
  const deployment = useQuery({
    queryKey: ['deployment', id],
    queryFn: ({ signal }) => podway.deployment(id).get(signal),
  });
  return <Loaded query={deployment}>{(data) => <Deployment deployment={data} />}</Loaded>;
}

function Deployment({ deployment }: { deployment: DeploymentDetailView }) {
  const { id, state, pod, label, waiting, approvalUntil, failure, rollbackFailure } = deployment;
  return (
    <>
      <Heading
        title={label ?? 'Deployment'}
        mark={<Mark shown={states[state]} />}
        below={
          <>
            on <Link to={`/pods/${pod}`}>{pod}</Link>, submitted <Ago at={deployment.submittedAt} />
          </>
        }
      >
        <DeploymentActions deployment={deployment} />
      </Heading>
      <VisuallyHidden role="status">{`The deployment is: ${states[state].word}`}</VisuallyHidden>
      {waiting && (
        <Notice tone="quiet" title="It waits">
          {waiting.detail}
          {waiting.until && (
            <>
              , until <Time at={waiting.until} />
            </>
          )}
        </Notice>
      )}
      {approvalUntil && (
        <Notice tone="warn" title="It waits for an approval">
          The canary holds the new state, out of rotation. Without an approval it is rolled back at{' '}
          <Time at={approvalUntil} />. <Approvers deployment={deployment} />
        </Notice>
      )}
      <PipelineList deployment={deployment} />
      {failure && <Failure title="Why it did not go forward" failure={failure} />}
      {rollbackFailure && <Failure title="Why it could not be rolled back" failure={rollbackFailure} />}
      <DeploymentFacts deployment={deployment} />
      <DeploymentServers deployment={deployment} />
      <Evidence evidence={deployment.evidence} />
      <Happening key={id} deployment={deployment} />
    </>
  );
}

/** Why somebody has no button to approve with. */
function Approvers({ deployment: { publisher, client, pod } }: { deployment: DeploymentDetailView }) {
  const { caller } = useSession();
  if (publisher === caller.credential) return 'You published it: somebody else has to approve it.';
  return may(caller, 'approve', client, pod) ? null : 'It takes somebody with the right to approve.';
}

/** What happens in it, told by Podway; and what was said on the servers. */
function Happening({ deployment }: { deployment: DeploymentDetailView }) {
  const { id, servers } = deployment;
  const rounds = roundsOf(deployment);
  const go = useNavigate();
  const { view = 'timeline' } = useParams();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Who comes for the log, or for a line, wants to see it, and it is far down.
    if (view === 'log' || window.location.search.includes('at=')) box.current?.scrollIntoView();
  }, []);
  const path = (to: string | null): string => `/deployments/${id}${to === 'log' ? '/log' : ''}`;
  return (
    <Tabs
      ref={box}
      mt="lg"
      value={view}
      onChange={(to) => void go(path(to), { preventScrollReset: true })}
      keepMounted={false}
    >
      <Tabs.List mb="md">
        <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
        <Tabs.Tab value="log">Log of the servers</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="timeline">
        <Timeline deploymentId={id} rounds={rounds} />
      </Tabs.Panel>
      <Tabs.Panel value="log">
        <LogView key={rounds} deploymentId={id} servers={servers.map(({ name }) => name)} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Failure({
  title,
  failure: { code, detail, step, server },
}: {
  title: string;
  failure: FailureView;
}) {
  return (
    <Notice tone="bad" title={title}>
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {detail}
      </Text>
      <Text size="sm" c="dimmed" mt={4}>
        {states[step].word}
        {server === undefined ? '' : ` on ${server}`}, <code className="mono">{code}</code>
      </Text>
    </Notice>
  );
}
