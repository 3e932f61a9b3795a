import type { ReleaseDetailView, ReleaseView } from '@podway/contracts';
import type { ReleaseEntity, ReleaseMarkEntity } from '@podway/persistence';

/** What is known about the releases of a POD besides their records. */
export interface ReleaseFacts {
  /** Number of the current one. */
  readonly current: number | undefined;
  /** Numbers of those whose state servers keep. */
  readonly kept: ReadonlySet<number>;
  readonly bad: ReadonlyMap<number, ReleaseMarkEntity>;
}

export function releaseView(release: ReleaseEntity, { current, kept, bad }: ReleaseFacts): ReleaseView {
  const { number, name, version, label, reason, artifact, sourceRelease, changes } = release;
  const mark = bad.get(number);
  return {
    number,
    fingerprint: release.fingerprint,
    current: number === current,
    kept: kept.has(number),
    ...(artifact === null ? {} : { artifact }),
    ...(name === null ? {} : { name }),
    ...(version === null ? {} : { version }),
    ...(sourceRelease === null ? {} : { sourceRelease }),
    deploymentId: release.deploymentId,
    ...(label === null ? {} : { label }),
    ...(reason === null ? {} : { reason }),
    publisher: release.publisher,
    createdAt: release.createdAt.toISOString(),
    ...(changes === null ? {} : { changes: countsOf(changes.tree) }),
    verdict: mark ? 'bad' : 'verified',
    ...(mark ? { bad: badView(mark) } : {}),
  };
}

export function releaseDetail(release: ReleaseEntity, facts: ReleaseFacts): ReleaseDetailView {
  const { changes } = release;
  return { ...releaseView(release, facts), ...(changes === null ? {} : { difference: changes }) };
}

function countsOf({ added, changed, removed }: NonNullable<ReleaseView['changes']>): ReleaseView['changes'] {
  return { added, changed, removed };
}

function badView({ markedBy, reason, markedAt }: ReleaseMarkEntity): ReleaseView['bad'] {
  return { by: markedBy, reason, since: markedAt.toISOString() };
}
