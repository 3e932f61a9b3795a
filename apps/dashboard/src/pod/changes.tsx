import { Paper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ChangeKind, TreeChanges } from '@podway/contracts';
import { useSession } from '../session/session.js';
import { Loaded } from '../shown/problem.js';
import { Mark } from '../shown/mark.js';
import type { Shown } from '../shown/words.js';

const kinds: Readonly<Record<ChangeKind, Shown>> = {
  added: { word: 'Added', icon: 'check', tone: 'good' },
  changed: { word: 'Changed', icon: 'pulse', tone: 'warn' },
  removed: { word: 'Removed', icon: 'cross', tone: 'bad' },
};

/** What a release changed, as it was recorded when it was made. */
export function RecordedChanges({ pod, release }: { pod: string; release: number }) {
  const { podway } = useSession();
  const detail = useQuery({
    queryKey: ['pod', pod, 'release', release],
    queryFn: () => podway.release(pod, release),
  });
  return (
    <Loaded query={detail}>
      {({ difference }) =>
        difference ? (
          <Changes tree={difference.tree} parts={difference.parts} />
        ) : (
          <Paper withBorder p="md">
            It was not recorded: nothing was there before, or the servers could not tell.
          </Paper>
        )
      }
    </Loaded>
  );
}

/** How two kept releases differ: a server is asked. */
export function ComparedReleases({ pod, from, to }: { pod: string; from: number; to: number }) {
  const { podway } = useSession();
  const diff = useQuery({
    queryKey: ['pod', pod, 'diff', from, to],
    queryFn: () => podway.diff(pod, { from, to, limit: 500 }),
    staleTime: Infinity,
    refetchInterval: false,
  });
  return <Loaded query={diff}>{({ tree, parts }) => <Changes tree={tree} parts={parts} />}</Loaded>;
}

/** How a server's live state differs from its release, as last seen. */
export function LiveAgainstRelease({ pod, server }: { pod: string; server: string }) {
  const { podway } = useSession();
  const drift = useQuery({ queryKey: ['pod', pod, 'drift'], queryFn: () => podway.drift(pod) });
  return (
    <Loaded query={drift}>
      {({ servers }) => {
        const changes = servers.find(({ name }) => name === server)?.changes;
        return changes ? (
          <Changes tree={changes.tree} parts={changes.parts} />
        ) : (
          <Paper withBorder p="md">
            When it was last looked at, it did not differ.
          </Paper>
        );
      }}
    </Loaded>
  );
}

function Changes({ tree, parts }: { tree: TreeChanges; parts: Record<string, object> | undefined }) {
  return (
    <Paper withBorder>
      <p className="note" style={{ padding: '10px 14px', margin: 0 }}>
        {tree.added} added, {tree.changed} changed, {tree.removed} removed
        {tree.more ? `; the first ${tree.entries.length} are shown` : ''}
      </p>
      <ul className="changes" tabIndex={0} aria-label="Files that differ">
        {tree.entries.map(({ change, path, what }) => (
          <li key={`${change} ${path}`}>
            <Mark shown={kinds[change]} quiet />
            <code className="mono">{path}</code>
            <span className="note">{what?.replaceAll(',', ', ')}</span>
          </li>
        ))}
      </ul>
      {Object.entries(parts ?? {}).map(([name, told]) => (
        <pre key={name} className="mono" style={{ padding: '4px 14px', margin: 0, whiteSpace: 'pre-wrap' }}>
          {name}: {JSON.stringify(told, undefined, 2)}
        </pre>
      ))}
    </Paper>
  );
}
