import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PodDetailView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { tellProblem } from '../shown/problem.js';
import { ReasonDialog } from '../shown/reason-dialog.js';

interface PausePodProps {
  pod: Pick<PodDetailView, 'name' | 'paused'>;
  /** Say which POD: the view is of something else. */
  named?: boolean;
}

/** Lets nothing begin in a POD, or lets it go on. */
export function PausePod({ pod: { name, paused }, named = false }: PausePodProps) {
  const { podway } = useSession();
  const queries = useQueryClient();
  const [pausing, setPausing] = useState(false);
  const refresh = async (): Promise<void> => {
    for (const queryKey of [['pod', name], ['fleet'], ['deployment']])
      await queries.invalidateQueries({ queryKey });
  };
  const which = named ? ` ${name}` : '';
  if (paused)
    return (
      <Button onClick={() => void podway.resume(name).then(refresh, tellProblem)}>{`Resume${which}`}</Button>
    );
  return (
    <>
      <Button variant="default" onClick={() => setPausing(true)}>{`Pause${which}`}</Button>
      {pausing && (
        <ReasonDialog
          title={`Pause ${name}?`}
          text="No update begins in the POD until somebody resumes it. What runs goes on."
          confirm="Pause it"
          onClose={() => setPausing(false)}
          onConfirm={async (reason) => {
            await podway.pause(name, reason);
            await refresh();
          }}
        />
      )}
    </>
  );
}
