import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planOf } from './change-plan.js';
import type { HaproxyBackend } from './haproxy-backend.js';
import type { ServerState, ServerStates } from './server-states.js';

const serving: ServerState = { maintenance: false, draining: false, usable: true, running: 0 };
const out: ServerState = { ...serving, maintenance: true, usable: false };
const draining: ServerState = { ...serving, draining: true, usable: false };
const down: ServerState = { ...serving, usable: false };

const backendOf = (names: readonly string[]): HaproxyBackend => ({
  ...{ pod: 'shop', sockets: ['/x'], backend: 'b', timeoutMs: 1 },
  servers: new Map(names.map((name) => [name, name])),
});
const states = (of: Record<string, ServerState>): ServerStates => new Map(Object.entries(of));
const planned = (of: Record<string, ServerState>, ...gone: string[]) =>
  planOf(backendOf(Object.keys(of)), states(of), new Set(gone));
const take = (name: string): string => `set server b/${name} state maint`;
const put = (name: string): string => `set server b/${name} state ready`;

describe('planOf', () => {
  it.each([
    ['nothing to do', planned({ a: serving, b: out }, 'b'), [], []],
    ['a drain', planned({ a: serving, b: serving }, 'a'), [take('a')], []],
    ['back again', planned({ a: out, b: serving }), [put('a')], []],
    ['all out', planned({ a: serving, b: serving }, 'a', 'b'), [take('a'), take('b')], []],
    ['all in', planned({ a: out, b: out }), [put('a'), put('b')], []],
    [
      'one leaves before another comes',
      planned({ a: out, b: serving, c: serving }, 'c'),
      [take('c'), put('a')],
      [],
    ],
    ['the switch', planned({ a: out, b: serving, c: serving }, 'b', 'c'), [take('b')], [put('a'), take('c')]],
    ['back from it', planned({ a: serving, b: out, c: out }, 'a'), [], [put('b'), take('a'), put('c')]],
    [
      'after a restart in the switch',
      planned({ a: serving, b: serving, c: serving }, 'b', 'c'),
      [take('b'), take('c')],
      [],
    ],
    ['a drain of somebody else', planned({ a: draining, b: serving }), [put('a')], []],
    [
      'one that is down leaves first',
      planned({ a: out, b: serving, c: down }, 'b', 'c'),
      [take('c')],
      [put('a'), take('b')],
    ],
    ['one that is down is in rotation', planned({ a: serving, b: down }), [], []],
    [
      'the one that would stay is down',
      planned({ a: down, b: out, c: serving }, 'c'),
      [],
      [put('b'), take('c')],
    ],
    ['none is left to wait for', planned({ a: out, b: down }, 'b'), [take('b'), put('a')], []],
  ])('%s', (_, plan, first, switchOver) => {
    expect(plan).toEqual({ first, switchOver });
  });

  it('never leaves users without a server, nor two releases in rotation, between any two moments', () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const state = fc.constantFrom(serving, serving, out, out, draining);
    fc.assert(
      fc.property(fc.array(state, { minLength: 5, maxLength: 5 }), fc.subarray(names), (all, gone) => {
        const now = new Map(names.map((name, index) => [name, all[index] as ServerState]));
        const servesNow = (): string[] => names.filter((name) => now.get(name)?.usable);
        const before = servesNow();
        const after = names.filter((name) => !gone.includes(name));
        const { first, switchOver } = planOf(backendOf(names), now, new Set(gone));
        const [next, last, ...later] = switchOver;
        // HAProxy carries out the first two of the switch in one go.
        const acts = [
          ...first.map((one) => [one]),
          ...(next && last ? [[next, last]] : []),
          ...later.map((one) => [one]),
        ];
        for (const act of acts) {
          for (const command of act) {
            const [, name = '', to] = /^set server b\/(\w) state (\w+)$/.exec(command) ?? [];
            now.set(name, to === 'ready' ? serving : out);
          }
          const serves = servesNow();
          if (before.length > 0 && after.length > 0) expect(serves.length).toBeGreaterThan(0);
          const leaving = serves.some((name) => !after.includes(name));
          const came = serves.some((name) => !before.includes(name));
          expect(leaving && came).toBe(false);
        }
        expect(servesNow()).toEqual(after);
      }),
      { numRuns: 2_000 },
    );
  });
});
