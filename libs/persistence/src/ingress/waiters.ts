/** Messages of a queue that were seen to wait. */
export interface Waiters {
  /** They can have begun to wait no earlier: when the queue was last looked at before they were seen. RFC 3339, UTC. */
  readonly since: string;
  readonly count: number;
}

/** More are told apart no further. */
const MOST_GROUPS = 50;

/**
 * Tells from its length alone how long the messages of a queue have waited at most: what it grows by came after the last
 * look, and what it shrinks by was its oldest. Those that came and went between two looks make the rest younger than told.
 *
 * @param before oldest first, as the last look had them
 * @param waiting the length now
 * @param lookedAt time of the last look; of this one where there was none
 */
export function waitersNow(before: readonly Waiters[], waiting: number, lookedAt: Date): Waiters[] {
  const grown = waiting - before.reduce((sum, { count }) => sum + count, 0);
  if (grown > 0) return joined([...before, { since: lookedAt.toISOString(), count: grown }]);
  let gone = -grown;
  return before.flatMap(({ since, count }) => {
    const left = Math.max(0, count - gone);
    gone -= count - left;
    return left > 0 ? [{ since, count: left }] : [];
  });
}

/** The youngest two count as one where there are too many. */
function joined(groups: Waiters[]): Waiters[] {
  const [older, younger] = groups.slice(-2);
  if (groups.length <= MOST_GROUPS || !older || !younger) return groups;
  return [...groups.slice(0, -2), { since: older.since, count: older.count + younger.count }];
}
