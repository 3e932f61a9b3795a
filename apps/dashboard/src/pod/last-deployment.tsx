import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Envelope } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Icon } from '../shown/icon.js';
import { Loaded } from '../shown/problem.js';
import { At } from '../shown/times.js';
import { stepsOnServer } from './steps-on-server.js';

interface LastDeploymentProps {
  pod: string;
  server: string;
  deploymentId: string;
}

/** What the POD's last deployment did on one server, read when somebody wants to see it; and the way to its log. */
export function LastDeployment({ pod, server, deploymentId }: LastDeploymentProps) {
  const [open, setOpen] = useState(false);
  return (
    <div className="tile-note">
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>What the last deployment did here</summary>
        {open && <Steps pod={pod} server={server} deploymentId={deploymentId} />}
      </details>
      <Button
        component={Link}
        to={`/deployments/${deploymentId}/log?server=${server}`}
        size="compact-sm"
        variant="default"
        mt={6}
        leftSection={<Icon name="list" />}
        aria-label={`Log of ${server}`}
      >
        Log
      </Button>
    </div>
  );
}

function Steps({ pod, server, deploymentId }: LastDeploymentProps) {
  const { podway } = useSession();
  // The same for all servers of the POD: read once.
  const events = useQuery({
    queryKey: ['pod', pod, 'steps', deploymentId],
    queryFn: async ({ signal }) => {
      const found: Envelope[] = [];
      const upTo = await podway.lastSequence();
      const all = podway.events({ after: 0, upTo, deployment: deploymentId, signal });
      for await (const event of all) found.push(event);
      return found;
    },
  });
  return (
    <Loaded query={events}>
      {(data) => {
        if (data.length === 0) return <p className="note">Its events are no longer kept.</p>;
        const steps = stepsOnServer(data, server);
        if (steps.length === 0) return <p className="note">Nothing was done to this server.</p>;
        return (
          <ol className="server-steps" tabIndex={0} aria-label={`What the last deployment did on ${server}`}>
            {steps.map(({ at, text, tone }, index) => (
              <li key={index} data-tone={tone}>
                <At at={at} /> <span>{text}</span>
              </li>
            ))}
          </ol>
        );
      }}
    </Loaded>
  );
}
