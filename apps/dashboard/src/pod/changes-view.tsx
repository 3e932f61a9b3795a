import { Button, Group, NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import type { PodDetailView, ReleaseView } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Empty } from '../shown/empty.js';
import { Loaded } from '../shown/problem.js';
import { ComparedReleases, LiveAgainstRelease, RecordedChanges } from './changes.js';
import { ReleaseTable } from './release-table.js';
import { RollBackDialog } from './roll-back-dialog.js';

/** Releases, what each changed, how any two differ, how a server differs from its release; and the way back. */
export function ChangesView({ pod }: { pod: PodDetailView }) {
  const { podway } = useSession();
  const [limit, setLimit] = useState(50);
  const releases = useQuery({
    queryKey: ['pod', pod.name, 'releases', limit],
    queryFn: () => podway.releases(pod.name, limit),
  });
  return (
    <Loaded query={releases}>
      {(data) =>
        data.length === 0 ? (
          <Empty title="There is no release yet">
            Publish the first update: <code>podway publish FOLDER --pod {pod.name}</code>
          </Empty>
        ) : (
          <>
            <Comparison pod={pod} releases={data} />
            <Releases pod={pod} releases={data} />
            {data.length === limit && (
              <Group justify="center" mt="md">
                <Button variant="default" onClick={() => setLimit(limit + 200)}>
                  Older releases
                </Button>
              </Group>
            )}
          </>
        )
      }
    </Loaded>
  );
}

interface ReleasesProps {
  pod: PodDetailView;
  releases: readonly ReleaseView[];
}

function Releases({ pod, releases }: ReleasesProps) {
  const [target, setTarget] = useState<ReleaseView>();
  return (
    <section aria-labelledby="releases-title">
      <h2 className="block-title" id="releases-title">
        Releases
      </h2>
      <ReleaseTable pod={pod} releases={releases} onGoBack={setTarget} />
      {target && <RollBackDialog pod={pod} release={target} onClose={() => setTarget(undefined)} />}
    </section>
  );
}

/** What is compared is in the address: `to` alone is what that release changed. */
function Comparison({ pod, releases }: ReleasesProps) {
  const [params, setParams] = useSearchParams();
  const live = params.get('live');
  const to = Number(params.get('to') ?? pod.release ?? 0);
  const from = params.get('from');
  const choose = (name: 'from' | 'to', value: string): void => {
    setParams((old) => {
      const next = new URLSearchParams(old);
      next.delete('live');
      if (value.startsWith('live:')) return new URLSearchParams({ live: value.slice(5) });
      if (value === '') next.delete(name);
      else next.set(name, value);
      return next;
    });
  };
  const named = releases.map((one) => ({
    value: String(one.number),
    label: `${one.number}${one.label ? `: ${one.label}` : ''}`,
  }));
  return (
    <section aria-labelledby="changes-title">
      <Group align="flex-end" mb="sm">
        <NativeSelect
          label="From"
          value={live === null ? (from ?? '') : String(pod.release ?? '')}
          disabled={live !== null}
          data={[{ value: '', label: 'the state before it' }, ...named]}
          onChange={(event) => choose('from', event.currentTarget.value)}
        />
        <NativeSelect
          label="To"
          value={live === null ? String(to) : `live:${live}`}
          data={[
            { group: 'Releases', items: named },
            {
              group: 'Live state',
              items: pod.servers.map(({ name }) => ({
                value: `live:${name}`,
                label: `${name}, as last seen`,
              })),
            },
          ]}
          onChange={(event) => choose('to', event.currentTarget.value)}
        />
      </Group>
      <h2 className="block-title" id="changes-title">
        {live !== null
          ? `How ${live} differs from its release`
          : from === null
            ? `What release ${to} changed`
            : `How release ${to} differs from release ${from}`}
      </h2>
      {live !== null ? (
        <LiveAgainstRelease pod={pod.name} server={live} />
      ) : from === null ? (
        <RecordedChanges pod={pod.name} release={to} />
      ) : (
        <ComparedReleases pod={pod.name} from={Number(from)} to={to} />
      )}
    </section>
  );
}
