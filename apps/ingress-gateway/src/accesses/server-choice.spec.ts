import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RoutedServer } from './route-table.js';
import { ServerChoice } from './server-choice.js';

const server = (key: string, weight = 1): RoutedServer => ({ key, url: `http://${key}`, weight });
const none = new Set<string>();

function turns(choice: ServerChoice, servers: RoutedServer[], count: number): string[] {
  return Array.from({ length: count }, () => choice.next(servers, none)?.key ?? '');
}

describe('weights', () => {
  it('are spread evenly, as nginx does', () => {
    const servers = [server('a', 5), server('b'), server('c')];
    expect(turns(new ServerChoice(0), servers, 7).join('')).toBe('aabacaa');
  });

  it('are kept exactly over each round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const servers = weights.map((weight, index) => server(String(index), weight));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const seen = turns(new ServerChoice(0), servers, total);
        expect(weights.map((_, index) => seen.filter((key) => key === String(index)).length)).toEqual(
          weights,
        );
      }),
    );
  });
});

describe('servers that failed', () => {
  const servers = [server('a'), server('b')];

  it('are passed over for a while', () => {
    let now = 0;
    const choice = new ServerChoice(5_000, () => now);
    choice.failed('a');
    expect(new Set(turns(choice, servers, 10))).toEqual(new Set(['b']));
    now = 5_000;
    expect(new Set(turns(choice, servers, 10))).toEqual(new Set(['a', 'b']));
  });

  it('are taken when there is no other', () => {
    const choice = new ServerChoice(5_000);
    choice.failed('a');
    choice.failed('b');
    expect(choice.next(servers, none)).toBeDefined();
    expect(choice.next(servers, new Set(['b']))?.key).toBe('a');
    expect(choice.next(servers, new Set(['a', 'b']))).toBeUndefined();
  });

  it('are good again once they answer', () => {
    const choice = new ServerChoice(5_000);
    choice.failed('a');
    choice.worked('a');
    expect(new Set(turns(choice, servers, 4))).toEqual(new Set(['a', 'b']));
  });
});
