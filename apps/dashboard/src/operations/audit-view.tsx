import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { AuditOutcome, AuditRecord } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { FilterField } from '../shown/filter-field.js';
import { Mark } from '../shown/mark.js';
import { NextPage, usePages } from '../shown/pages.js';
import { Loaded } from '../shown/problem.js';
import { Ago } from '../shown/times.js';
import { useFilters } from '../shown/use-filters.js';
import type { Shown } from '../shown/words.js';

const outcomes: Readonly<Record<AuditOutcome, Shown>> = {
  accepted: { word: 'Accepted', icon: 'check', tone: 'good' },
  repeated: { word: 'Repeated', icon: 'dash', tone: 'quiet' },
  refused: { word: 'Refused', icon: 'cross', tone: 'warn' },
  failed: { word: 'Failed', icon: 'alert', tone: 'bad' },
};

/** Who did what, newest first; and whether the chain of the records holds. */
export function AuditView() {
  const { podway } = useSession();
  const [params, set] = useFilters();
  const [action, client] = [params.get('action') ?? '', params.get('client') ?? ''];
  const log = usePages({
    queryKey: ['audit', action, client],
    limit: 100,
    read: (limit, before?: number) =>
      podway.audit({
        limit,
        ...(action === '' ? {} : { action }),
        ...(client === '' ? {} : { client }),
        ...(before === undefined ? {} : { before }),
      }),
    placeOf: ({ seq }) => seq,
  });
  return (
    <>
      <Group mb="sm" align="flex-end">
        <FilterField
          labelled
          name="Action"
          hint="publishUpdate, Enter"
          value={action}
          onFilter={(value) => set({ action: value })}
        />
        <FilterField
          labelled
          name="Client"
          hint="acme, Enter"
          value={client}
          onFilter={(value) => set({ client: value })}
        />
        <Chain />
      </Group>
      <Loaded query={log}>
        {(records) =>
          records.length === 0 ? (
            <Empty title="No record is like that">Choose another action or client, or none.</Empty>
          ) : (
            <Records records={records} />
          )
        }
      </Loaded>
      <NextPage of={log}>Older records</NextPage>
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
            <td data-label="On" className="long">
              <Subject subject={one.subject} />
            </td>
            <td data-label="Outcome">
              <Mark shown={outcomes[one.outcome]} quiet />
            </td>
            <td data-label="Who" className="mono">
              {one.actor}
              {/* Whom the issuer of a token has signed in. */}
              {typeof one.detail.tokenSubject === 'string' && <p>{one.detail.tokenSubject}</p>}
            </td>
            <td data-label="Client">{one.client === '*' ? 'hosting service' : one.client}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What it was done to, and the way there where it has a view of its own. */
function Subject({ subject }: { subject: string }) {
  const [kind, name] = subject.split('/');
  if (kind === 'pod' || kind === 'deployment') return <Link to={`/${kind}s/${name}`}>{subject}</Link>;
  return <>{subject}</>;
}
