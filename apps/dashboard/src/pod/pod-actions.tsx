import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PodDetailView } from '@podway/contracts';
import { may, useSession } from '../session/session.js';
import { tellProblem } from '../shown/problem.js';
import { PausePod } from './pause-pod.js';

/** A look at the servers is waited for. */
const TRY_AGAIN_MS = 1_000;
const MOST_TRIES = 120;

/** What the caller may do about the POD as a whole. */
export function PodActions({ pod }: { pod: PodDetailView }) {
  const { name, client, release, runningDeployment } = pod;
  const { podway, caller } = useSession();
  const queries = useQueryClient();
  const [looking, setLooking] = useState(false);
  if (!may(caller, 'publish', client, name)) return null;
  const refresh = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['pod', name] });
    await queries.invalidateQueries({ queryKey: ['fleet'] });
  };
  const look = async (): Promise<void> => {
    setLooking(true);
    try {
      const { id } = await podway.checkDrift(name);
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const { lastCheck } = await podway.drift(name);
        // Ids grow with time: it is this look, or a later one.
        if (lastCheck && lastCheck.id >= id) break;
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      }
      await refresh();
    } catch (error) {
      tellProblem(error);
    } finally {
      setLooking(false);
    }
  };
  return (
    <>
      {release !== undefined && (
        <Button
          variant="default"
          onClick={() => void look()}
          loading={looking}
          disabled={runningDeployment !== undefined}
          title={runningDeployment === undefined ? undefined : 'Not while a deployment owns the POD'}
        >
          Look at the servers
        </Button>
      )}
      <PausePod pod={pod} />
    </>
  );
}
