import { Button, Group, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { AuditOutcome, AuditRecord } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Mark } from '../shown/mark.js';
import { Problem } from '../shown/problem.js';
import { Ago } from '../shown/times.js';
import type { Shown } from '../shown/words.js';

const PAGE = 100;
const outcomes: Readonly<Record<AuditOutcome, Shown>> = {
  accepted: { word: 'Accepted', icon: 'check', tone: 'good' },
  repeated: { word: 'Repeated', icon: 'dash', tone: 'quiet' },
  refused: { word: 'Refused', icon: 'cross', tone: 'warn' },
  failed: { word: 'Failed', icon: 'alert', tone: 'bad' },
};

/** Who did what, newest first; and whether the chain of the records holds. */
export function AuditView() {
  const { podway } = useSession();
  const [action, setAction] = useState('');
  const [client, setClient] = useState('');
  const log = useInfiniteQuery({
    queryKey: ['audit', action, client],
    queryFn: ({ pageParam }) =>
      podway.audit({
        limit: PAGE,
        ...(action === '' ? {} : { action }),
        ...(client === '' ? {} : { client }),
        ...(pageParam === undefined ? {} : { before: pageParam }),
      }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => (page.length < PAGE ? undefined : page.at(-1)?.seq),
  });
  const records = log.data?.pages.flat() ?? [];
  return (
    <>
      <Group mb="sm" align="flex-end">
        <TextInput
          label="Action"
          placeholder="publishUpdate"
          onKeyDown={(event) => {
            if (event.key === 'Enter') setAction(event.currentTarget.value.trim());
          }}
        />
        <TextInput
          label="Client"
          placeholder="acme"
          onKeyDown={(event) => {
            if (event.key === 'Enter') setClient(event.currentTarget.value.trim());
          }}
        />
        <Chain />
      </Group>
      {log.error && !log.data && <Problem error={log.error} onRetry={() => void log.refetch()} />}
      <Records records={records} />
      {log.hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            Older records
          </Button>
        </Group>
      )}
    </>
  );
}

function Chain() {
  const { podway } = useSession();
  const check = useQuery({
    queryKey: ['audit-chain'],
    queryFn: () => podway.verifyAudit(),
    enabled: false,
    refetchInterval: false,
  });
  return (
    <>
      <Button variant="default" loading={check.isFetching} onClick={() => void check.refetch()}>
        Check the chain
      </Button>
      <span role="status">
        {check.data &&
          (check.data.intact ? (
            <Mark shown={{ word: `Intact, ${check.data.records} records`, icon: 'check', tone: 'good' }} />
          ) : (
            <Mark shown={{ word: `Broken at ${check.data.brokenAt}`, icon: 'alert', tone: 'bad' }} />
          ))}
      </span>
    </>
  );
}

function Records({ records }: { records: readonly AuditRecord[] }) {
  return (
    <table className="grid">
      <caption>Audit log, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Number</th>
          <th scope="col">When</th>
          <th scope="col">Action</th>
          <th scope="col">On</th>
          <th scope="col">Outcome</th>
          <th scope="col">Who</th>
          <th scope="col">Client</th>
        </tr>
      </thead>
      <tbody>
        {records.map((one) => (
          <tr key={one.seq}>
            <td data-label="Number" className="number">
              {one.seq}
            </td>
            <td data-label="When">
              <Ago at={one.time} />
            </td>
            <td data-label="Action">{one.action}</td>
            <td data-label="On" style={{ overflowWrap: 'anywhere' }}>
              {one.subject}
            </td>
            <td data-label="Outcome">
              <Mark shown={outcomes[one.outcome]} quiet />
            </td>
            <td data-label="Who" className="mono">
              {one.actor}
            </td>
            <td data-label="Client">{one.client}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
