import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waitersNow, type Waiters } from './waiters.js';

const at = (second: number): Date => new Date(second * 1_000);
const since = (second: number): string => at(second).toISOString();

/** Looks at these lengths, one a second. */
const looks = (lengths: readonly number[]): Waiters[] =>
  lengths.reduce<Waiters[]>(
    (seen, length, second) => waitersNow(seen, length, at(Math.max(0, second - 1))),
    [],
  );

describe('what waits on a queue', () => {
  it.each<[string, number[], Waiters[]]>([
    ['nothing', [0, 0], []],
    ['what was there at the first look', [3], [{ since: since(0), count: 3 }]],
    ['what came since the last look', [0, 0, 2], [{ since: since(1), count: 2 }]],
    ['what stays', [0, 2, 2, 2], [{ since: since(0), count: 2 }]],
    [
      'what came later',
      [1, 1, 3],
      [
        { since: since(0), count: 1 },
        { since: since(1), count: 2 },
      ],
    ],
    ['the younger ones, when the oldest have left', [1, 1, 3, 2], [{ since: since(1), count: 2 }]],
    ['some of a group', [0, 5, 2], [{ since: since(0), count: 2 }]],
    ['nothing, when all have left', [2, 4, 0], []],
  ])('is %s', (_what, lengths, expected) => {
    expect(looks(lengths)).toEqual(expected);
  });

  it('is never older than told, and as many as there are', () => {
    const moves = fc.record({ come: fc.nat(5), go: fc.nat(5), comeFirst: fc.boolean() });
    fc.assert(
      fc.property(fc.array(moves, { maxLength: 200 }), (seconds) => {
        const queue: number[] = [];
        let seen: Waiters[] = [];
        seconds.forEach(({ come, go, comeFirst }, second) => {
          // Between the looks at `second` and `second + 1`.
          const comes = (): unknown => queue.push(...Array.from({ length: come }, () => second + 0.5));
          if (comeFirst) comes();
          queue.splice(0, go);
          if (!comeFirst) comes();
          seen = waitersNow(seen, queue.length, at(second));
          expect(seen.reduce((sum, { count }) => sum + count, 0)).toBe(queue.length);
          expect(seen.length).toBeLessThanOrEqual(50);
          const [oldest] = seen;
          if (oldest) expect(Date.parse(oldest.since)).toBeLessThanOrEqual((queue[0] ?? 0) * 1_000);
        });
      }),
    );
  });
});
