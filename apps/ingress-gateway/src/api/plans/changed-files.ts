import { LONGEST_PATH, MOST_CHANGES, type TreeChange, type TreeChanges } from '@podway/contracts';

/** Files by their paths, each with the SHA-256 of its content. */
export type FileDigests = ReadonlyMap<string, string>;

/** How the files of a bundle differ from those of an earlier one. */
export function changedFiles(before: FileDigests, after: FileDigests): TreeChanges {
  const changes: TreeChange[] = [];
  for (const [path, sha256] of after) {
    const earlier = before.get(path);
    if (earlier === undefined) changes.push({ change: 'added', path });
    else if (earlier !== sha256) changes.push({ change: 'changed', path, what: 'content' });
  }
  for (const path of before.keys()) if (!after.has(path)) changes.push({ change: 'removed', path });
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  const count = (kind: TreeChange['change']): number =>
    changes.filter(({ change }) => change === kind).length;
  return {
    ...{ added: count('added'), changed: count('changed'), removed: count('removed') },
    entries: changes.slice(0, MOST_CHANGES).map((one) => ({ ...one, path: one.path.slice(0, LONGEST_PATH) })),
    more: changes.length > MOST_CHANGES,
  };
}
