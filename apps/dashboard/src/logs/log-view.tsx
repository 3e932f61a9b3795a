import { Button, Group, NativeSelect } from '@mantine/core';
import { useCallback, useState } from 'react';
import type { FollowLogsQuery, LogLevel } from '@podway/contracts';
import { logLevels } from '@podway/contracts/plain';
import { useSession } from '../session/session.js';
import { Download } from '../shown/download.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Problem } from '../shown/problem.js';
import { useFilters } from '../shown/use-filters.js';
import { MOST_LINES, useStream } from '../shown/use-stream.js';
import { allLines } from './log-lines.js';
import { LogTail } from './log-tail.js';

/** Lines before the one that the address names. */
const BACK = 500;

interface LogViewProps {
  deploymentId: string;
  /** Servers that can be chosen. */
  servers: readonly string[];
}

/** What was said on the servers, filtered by the server; the filters are in the address. */
export function LogView({ deploymentId, servers }: LogViewProps) {
  const { podway } = useSession();
  const [params, setFilters] = useFilters();
  const [server, level, search] = ['server', 'level', 'search'].map((name) => params.get(name) ?? '');
  const at = params.get('line');
  const [start, setStart] = useState(Math.max(0, (Number(at) || 0) - BACK));
  const filters = filtersOf({ server, level, search });
  const asked = JSON.stringify(filters);
  const follow = useCallback(
    (signal: AbortSignal) => {
      const query = { ...(JSON.parse(asked) as FollowLogsQuery), after: start };
      return podway.followLogs(deploymentId, query, { signal });
    },
    [podway, deploymentId, asked, start],
  );
  const { items, ended, problem } = useStream(follow);
  const set = (change: Readonly<Record<string, string>>): void => {
    setStart(0);
    setFilters({ line: '', ...change });
  };
  return (
    <>
      <Group mb="sm" gap="sm">
        <FilterField
          name="Search in the log"
          hint="Search, Enter"
          maxLength={200}
          value={search ?? ''}
          onFilter={(text) => set({ search: text })}
        />
        <NativeSelect
          aria-label="Server"
          value={server}
          data={[
            { value: '', label: 'All servers' },
            ...[...new Set([...servers, ...(server ? [server] : [])])],
          ]}
          onChange={(event) => set({ server: event.currentTarget.value })}
        />
        <NativeSelect
          aria-label="Level"
          value={level}
          data={[
            { value: '', label: 'All levels' },
            { value: 'warning', label: 'Warnings and errors' },
            { value: 'error', label: 'Errors' },
          ]}
          onChange={(event) => set({ level: event.currentTarget.value })}
        />
        <Download
          parts={(signal) => allLines(podway, deploymentId, filters, signal)}
          fileName={`podway-${deploymentId}${server === '' ? '' : `-${server}`}.log`}
          mediaType="text/plain"
        />
      </Group>
      {problem !== undefined && <Problem error={problem} />}
      {items.length > 0 ? (
        <LogTail lines={items} at={at} />
      ) : (
        problem === undefined && <NoLines ended={ended} filtered={asked !== '{}'} />
      )}
      <p className="note" role="status">
        {start > 0 && (
          <>
            Earlier lines are left out.{' '}
            <Button size="compact-xs" variant="default" onClick={() => setStart(0)}>
              Show them
            </Button>{' '}
          </>
        )}
        {items.length >= MOST_LINES && `The last ${MOST_LINES} lines are shown; the download has all. `}
        {ended ? 'The deployment is over: nothing more comes.' : 'New lines appear by themselves.'}
      </p>
    </>
  );
}

function NoLines({ ended, filtered }: { ended: boolean; filtered: boolean }) {
  if (filtered)
    return (
      <Empty title="No line is like that">
        Choose another server or level, or search for something else.
      </Empty>
    );
  return (
    <Empty title={ended ? 'Nothing was said' : 'Nothing was said yet'}>
      {ended
        ? 'No installer and no check has said anything in this deployment.'
        : 'What installers and checks say on the servers appears here by itself.'}
    </Empty>
  );
}

/** Only what the server takes: an address may hold anything. */
function filtersOf(asked: Record<'server' | 'level' | 'search', string | undefined>): FollowLogsQuery {
  const level = logLevels.find((one) => one === asked.level) as LogLevel | undefined;
  return {
    ...(asked.server ? { server: asked.server } : {}),
    ...(level === undefined ? {} : { level }),
    ...(asked.search ? { search: asked.search } : {}),
  };
}
