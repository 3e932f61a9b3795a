import { NativeSelect, Paper, Progress } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import type { ClientView, QuotaView } from '@podway/contracts';
import { mayForAll, useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Loaded } from '../shown/problem.js';

/** What a client uses of its limits: the caller's own, or any for the hosting service. */
export function QuotasView() {
  const { podway, caller } = useSession();
  const [params, setParams] = useSearchParams();
  const hosting = caller.client === '*';
  const clients = useQuery({
    queryKey: ['clients'],
    queryFn: () => podway.clients({ limit: 500 }),
    enabled: hosting && mayForAll(caller, 'administer'),
  });
  const client = hosting ? (params.get('client') ?? clients.data?.[0]?.name) : caller.client;
  if (client === undefined) {
    return <Empty title="There is no client yet">A client comes with its first POD.</Empty>;
  }
  return (
    <>
      {clients.data && (
        <NativeSelect
          label="Client"
          mb="sm"
          maw={260}
          value={client}
          data={withName(client, clients.data)}
          onChange={(event) => setParams({ client: event.currentTarget.value })}
        />
      )}
      <Quota client={client} />
    </>
  );
}

/** The names, and the one that is shown: it may come after the first 500. */
const withName = (name: string, clients: readonly ClientView[]): string[] => [
  ...new Set([...clients.map((client) => client.name), name]),
];

const number = new Intl.NumberFormat('en');

function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const step = Math.min(4, Math.floor(Math.log(value) / Math.log(1024)));
  return `${(value / 1024 ** step).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][step]}`;
}

function Quota({ client }: { client: string }) {
  const { podway } = useSession();
  const quota = useQuery({ queryKey: ['quota', client], queryFn: () => podway.quota(client) });
  return (
    <Loaded query={quota}>
      {({ used, limits }: QuotaView) => (
        <Paper withBorder p="md">
          <Use what="Stored" used={used.bytes} limit={limits.bytes} words={bytes} />
          <Use what="Artifacts" used={used.artifacts} limit={limits.artifacts} words={number.format} />
          <Use
            what="Uploads under way"
            used={used.openUploads}
            limit={limits.openUploads}
            words={number.format}
          />
          <Use
            what="Updates that wait"
            used={used.waitingUpdates}
            limit={limits.waitingUpdates}
            words={number.format}
          />
          <p className="note">
            At most {number.format(limits.files)} files in a bundle, and{' '}
            {number.format(limits.requestsPerMinute)} requests that change something in a minute.
          </p>
        </Paper>
      )}
    </Loaded>
  );
}

interface UseProps {
  what: string;
  used: number;
  limit: number;
  words: (value: number) => string;
}

function Use({ what, used, limit, words }: UseProps) {
  const share = limit === 0 ? 100 : Math.min(100, (used / limit) * 100);
  return (
    <div className="use">
      <span>{what}</span>
      <Progress
        value={share}
        aria-label={`${what}: ${Math.round(share)} percent used`}
        color={share > 90 ? 'red' : 'podway'}
      />
      <span className="number">
        {words(used)} of {words(limit)}
      </span>
    </div>
  );
}
