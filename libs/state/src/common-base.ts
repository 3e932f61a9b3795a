import type { ServerStatus } from './state-driver.js';

/** SHA-256 of nothing: the fingerprint of a server without a release. */
export const EMPTY_FINGERPRINT = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** A tree that source and target both have, each under its own id. */
export interface Base {
  readonly onSource: string;
  readonly onTarget: string;
  readonly fingerprint: string;
}

/** Everything is sent. */
export const NO_BASE: Base = { onSource: '-', onTarget: '-', fingerprint: EMPTY_FINGERPRINT };

/** The target's live tree when the source has its equal; else the newest that both have. Ids sort by time. */
export function commonBase(source: ServerStatus, target: ServerStatus): Base {
  const onSource = new Map(source.trees.map(({ id, fingerprint }) => [fingerprint, id]));
  const newestFirst = [...target.trees].sort((a, b) => (a.id < b.id ? 1 : -1));
  const live = newestFirst.filter(({ id }) => id === target.liveTreeId);
  for (const { id, fingerprint } of [...live, ...newestFirst]) {
    const twin = onSource.get(fingerprint);
    if (twin) return { onSource: twin, onTarget: id, fingerprint };
  }
  return NO_BASE;
}
