import { Paper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import type { DeploymentDetailView, UpdateView } from '@podway/contracts';
import { isFinished } from '@podway/contracts/plain';
import { useSession } from '../session/session.js';
import { Copyable } from '../shown/copyable.js';
import { Fingerprint } from '../shown/fingerprint.js';
import { Icon } from '../shown/icon.js';

/** Who and what. */
export function DeploymentFacts({ deployment }: { deployment: DeploymentDetailView }) {
  const { podway } = useSession();
  const { updateId, publisher, client, pod, source, canary, release, fingerprint, approvedBy, group } =
    deployment;
  const update = useQuery({
    queryKey: ['update', updateId],
    queryFn: () => podway.update(updateId),
    staleTime: Infinity,
    refetchInterval: false,
  });
  return (
    <Paper withBorder p="md" mt="md">
      <dl className="facts">
        <Fact name="Published by">
          <span className="mono">{publisher}</span> for {client}
        </Fact>
        <Fact name="Signature">
          <Signature update={update.data} unknown={update.isError} />
        </Fact>
        <Fact name="What">
          {source.kind === 'release' ? (
            `release ${source.release}, again`
          ) : (
            <Artifact digest={source.artifact} />
          )}
        </Fact>
        <Fact name="Canary">
          {canary ?? (isFinished(deployment.state) ? 'none was chosen' : 'not chosen yet')}
        </Fact>
        <Fact name="New state">
          <Fingerprint value={fingerprint} />
        </Fact>
        <Fact name="Release">
          {release === undefined ? '-' : <Link to={`/pods/${pod}/changes?to=${release}`}>{release}</Link>}
        </Fact>
        {approvedBy !== undefined && (
          <Fact name="Approved by">
            <span className="mono">{approvedBy}</span>
          </Fact>
        )}
        {group && (
          <Fact name="With other PODs">
            {group.position + 1} of {group.size}, {group.mode}
          </Fact>
        )}
        <Fact name="Id" wide>
          <Copyable what="id" value={deployment.id} />
        </Fact>
      </dl>
    </Paper>
  );
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ReactNode }) {
  return (
    <div className={wide ? 'wide' : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Artifact({ digest }: { digest: string | undefined }) {
  return (
    <>
      bundle <Fingerprint value={digest} what="digest" />
    </>
  );
}

function Signature({ update, unknown }: { update: UpdateView | undefined; unknown: boolean }) {
  if (unknown) return <>not known</>;
  if (!update) return <>…</>;
  if (!update.signedBy?.length) return <>not signed</>;
  return (
    <span className="mark mark-plain" data-tone="good" title={update.signedBy.join('\n')}>
      <Icon name="signed" size={14} />{' '}
      {update.signedBy.length === 1 ? 'signed' : `${update.signedBy.length} keys`}
    </span>
  );
}
