import { useQuery } from '@tanstack/react-query';
import type { OperationsView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Loaded } from '../shown/problem.js';
import { statsOf } from './operations-stats.js';
import { QueueTable } from './queue-table.js';
import { StageTable } from './stage-table.js';
import { StatTiles } from './stat-tiles.js';
import { WorkerTable } from './worker-table.js';

const EVERY_MS = 5_000;

/** How the service itself fares: what waits, who works, how long things take. */
export function NowView() {
  const { podway } = useSession();
  const operations = useQuery({
    queryKey: ['operations'],
    queryFn: () => podway.operations(),
    refetchInterval: EVERY_MS,
  });
  return (
    <Loaded query={operations}>
      {(view: OperationsView) => (
        <>
          <StatTiles label="Numbers of now" stats={statsOf(view)} />
          <StageTable stages={view.stages} windowMs={view.windowMs} />
          <WorkerTable workers={view.workers} at={view.at} />
          <QueueTable queues={view.queues} outboxes={view.outboxes} />
        </>
      )}
    </Loaded>
  );
}
