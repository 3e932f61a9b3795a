import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RoutedServer } from './route-table.js';
import { ServerChoice, type ServerChoiceOptions } from './server-choice.js';

const server = (key: string, weight = 1): RoutedServer => ({ key, url: `http://${key}`, weight });
const none = new Set<string>();
const inTurn = { balance: 'round-robin' } as const;
const passive = { failedAfter: 1, failedMs: 5_000 };

function choiceWith(options: Partial<ServerChoiceOptions> = {}): ServerChoice {
  return new ServerChoice({ isHealthy: () => true, runningOn: () => 0, ...options });
}

function turns(choice: ServerChoice, servers: RoutedServer[], count: number): string[] {
  return Array.from({ length: count }, () => choice.next(servers, none, inTurn)?.key ?? '');
}

describe('weights', () => {
  it('are spread evenly, as nginx does', () => {
    const servers = [server('a', 5), server('b'), server('c')];
    expect(turns(choiceWith(), servers, 7).join('')).toBe('aabacaa');
  });

  it('are kept exactly over each round', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }), (weights) => {
        const servers = weights.map((weight, index) => server(String(index), weight));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const seen = turns(choiceWith(), servers, total);
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
    const choice = choiceWith({ now: () => now });
    choice.failed('a', passive);
    expect(new Set(turns(choice, servers, 10))).toEqual(new Set(['b']));
    now = 5_000;
    expect(new Set(turns(choice, servers, 10))).toEqual(new Set(['a', 'b']));
  });

  it('are taken when there is no other', () => {
    const choice = choiceWith();
    choice.failed('a', passive);
    choice.failed('b', passive);
    expect(choice.next(servers, none, inTurn)).toBeDefined();
    expect(choice.next(servers, new Set(['b']), inTurn)?.key).toBe('a');
    expect(choice.next(servers, new Set(['a', 'b']), inTurn)).toBeUndefined();
  });

  it('are good again once they answer', () => {
    const choice = choiceWith();
    choice.failed('a', passive);
    choice.worked('a');
    expect(new Set(turns(choice, servers, 4))).toEqual(new Set(['a', 'b']));
  });

  it('may fail a few times in a row', () => {
    const choice = choiceWith();
    const patient = { failedAfter: 3, failedMs: 5_000 };
    for (let n = 0; n < 2; n += 1) choice.failed('a', patient);
    expect(choice.isGood('a')).toBe(true);
    choice.worked('a');
    for (let n = 0; n < 2; n += 1) choice.failed('a', patient);
    expect(choice.isGood('a')).toBe(true);
    choice.failed('a', patient);
    expect(choice.isGood('a')).toBe(false);
  });
});

describe('unhealthy servers', () => {
  const servers = [server('a'), server('b')];

  it('are passed over while others are there', () => {
    const choice = choiceWith({ isHealthy: (key) => key === 'b' });
    expect(new Set(turns(choice, servers, 10))).toEqual(new Set(['b']));
    expect(choice.next(servers, new Set(['b']), inTurn)?.key).toBe('a');
  });

  it('are tried when all are', () => {
    expect(new Set(turns(choiceWith({ isHealthy: () => false }), servers, 4))).toEqual(new Set(['a', 'b']));
  });
});

describe('least connections', () => {
  /** Accesses that never end, one after the other. */
  function spread(servers: RoutedServer[], count: number): Record<string, number> {
    const running: Record<string, number> = {};
    const choice = choiceWith({ runningOn: (key) => running[key] ?? 0 });
    for (let n = 0; n < count; n += 1) {
      const key = choice.next(servers, none, { balance: 'least-connections' })?.key ?? '';
      running[key] = (running[key] ?? 0) + 1;
    }
    return running;
  }

  it('are kept in proportion to the weights', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const servers = weights.map((weight, index) => server(String(index), weight));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const running = spread(servers, total * 3);
        expect(weights.map((_, index) => running[String(index)])).toEqual(
          weights.map((weight) => weight * 3),
        );
      }),
    );
  });

  it('takes the one that has the fewest', () => {
    const running: Record<string, number> = { a: 3, b: 1, c: 2 };
    const choice = choiceWith({ runningOn: (key) => running[key] ?? 0 });
    const servers = [server('a'), server('b'), server('c')];
    expect(choice.next(servers, none, { balance: 'least-connections' })?.key).toBe('b');
    expect(choice.next([server('a', 4), server('c')], none, { balance: 'least-connections' })?.key).toBe('a');
  });

  it('takes turns where all are idle', () => {
    const choice = choiceWith();
    const servers = [server('a'), server('b')];
    const next = (): string => choice.next(servers, none, { balance: 'least-connections' })?.key ?? '';
    expect([next(), next(), next(), next()].toSorted()).toEqual(['a', 'a', 'b', 'b']);
  });
});
