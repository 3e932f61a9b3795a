import { Button, Checkbox } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeploymentDetailView } from '@podway/contracts';
import { canAbort, isFinished } from '@podway/contracts/plain';
import { PausePod } from '../pod/pause-pod.js';
import { may, useSession } from '../session/session.js';
import { tellDone } from '../shown/problem.js';
import { ReasonDialog } from '../shown/reason-dialog.js';

type Action = 'abort' | 'approve' | 'refuse' | 'retry';

/** What the caller may do about the deployment in its present state. */
export function DeploymentActions({ deployment }: { deployment: DeploymentDetailView }) {
  const { podway, caller } = useSession();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Action>();
  const [acceptLoss, setAcceptLoss] = useState(false);
  const { id, state, client, pod, publisher } = deployment;
  const own = publisher === caller.credential;
  const waits = state === 'AwaitingApproval';
  const mayPublish = may(caller, 'publish', client, pod);
  const podView = useQuery({
    queryKey: ['pod', pod],
    queryFn: () => podway.pod(pod),
    enabled: mayPublish && !isFinished(state),
  });
  const mayApprove = waits && may(caller, 'approve', client, pod);

  const act = async (action: Action, reason: string | undefined): Promise<void> => {
    if (action === 'abort') await podway.abort(id, reason);
    else if (action === 'approve') await podway.approve(id, reason);
    else if (action === 'refuse') await podway.refuse(id, reason);
    else await podway.retry(id, { acceptLoss });
    tellDone(told[action].done);
    await queries.invalidateQueries({ queryKey: ['deployment', id] });
  };

  return (
    <>
      {mayApprove && !own && <Button onClick={() => setAsked('approve')}>Approve</Button>}
      {mayApprove && (
        <Button variant="default" onClick={() => setAsked('refuse')}>
          Refuse
        </Button>
      )}
      {state === 'RollbackFailed' && may(caller, 'operate', client, pod) && (
        <Button onClick={() => setAsked('retry')}>Retry the roll-back</Button>
      )}
      {canAbort(state) && mayPublish && (
        <Button variant="default" onClick={() => setAsked('abort')}>
          Abort
        </Button>
      )}
      {!isFinished(state) && mayPublish && podView.data && <PausePod named pod={podView.data} />}
      {asked && (
        <ReasonDialog
          {...told[asked]}
          withReason={asked !== 'retry'}
          onClose={() => setAsked(undefined)}
          onConfirm={(reason) => act(asked, reason)}
        >
          {asked === 'retry' && (
            <Checkbox
              label="Also where it loses what users have written to databases since the update"
              checked={acceptLoss}
              onChange={(event) => setAcceptLoss(event.currentTarget.checked)}
            />
          )}
        </ReasonDialog>
      )}
    </>
  );
}

const told: Readonly<Record<Action, { title: string; text: string; confirm: string; done: string }>> = {
  abort: {
    title: 'Abort the deployment?',
    text: 'It stops going forward. What was changed on servers is rolled back, and that is proved.',
    confirm: 'Abort it',
    done: 'The coordinator is asked to stop.',
  },
  approve: {
    title: 'Approve the deployment?',
    text: "The canary's verified state goes to all servers of the POD.",
    confirm: 'Approve it',
    done: 'The approval is on its way.',
  },
  refuse: {
    title: 'Refuse the deployment?',
    text: 'The canary is rolled back. No other server was touched.',
    confirm: 'Refuse it',
    done: 'The refusal is on its way.',
  },
  retry: {
    title: 'Retry the roll-back?',
    text: 'Do this after its cause was mended. The servers stay out of rotation until it has succeeded.',
    confirm: 'Retry it',
    done: 'The coordinator is asked to try again.',
  },
};
