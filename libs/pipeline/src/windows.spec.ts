import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WindowsSpec } from '@podway/contracts';
import { waitOf } from './waiting.js';
import { windowState } from './windows.js';

const hour = 3_600_000;
const nights: WindowsSpec = {
  maintenance: [{ cron: '0 2 * * *', durationMs: 2 * hour, timeZone: 'Europe/Berlin' }],
};
const weekend = { cron: '0 0 * * 6', durationMs: 48 * hour, reason: 'weekend' };
const sale = { from: '2026-11-27T00:00:00Z', to: '2026-11-30T00:00:00Z', reason: 'sale' };

/** Berlin is an hour ahead of UTC in winter, two in summer. */
// prettier-ignore
const cases: [string, WindowsSpec | undefined, string, string][] = [
  ['no windows',                       undefined,                                '2026-11-24T12:00:00Z', 'open'],
  ['nothing in them',                  {},                                       '2026-11-24T12:00:00Z', 'open'],
  ['the first moment of maintenance',  nights,                                   '2026-11-24T01:00:00Z', 'open'],
  ['the last moment of maintenance',   nights,                                   '2026-11-24T02:59:59Z', 'open'],
  ['the end of maintenance',           nights,                                   '2026-11-24T03:00:00Z', '2026-11-25T01:00:00.000Z'],
  ['before maintenance',               nights,                                   '2026-11-24T00:59:59Z', '2026-11-24T01:00:00.000Z'],
  ['maintenance in summer time',       nights,                                   '2026-07-24T00:00:00Z', 'open'],
  ['after it in summer time',          nights,                                   '2026-07-24T02:00:00Z', '2026-07-25T00:00:00.000Z'],
  ['one of two maintenance windows',   { maintenance: [...nights.maintenance!, { cron: '0 12 * * *', durationMs: hour }] }, '2026-11-24T12:30:00Z', 'open'],
  ['a freeze once',                    { freeze: [sale] },                       '2026-11-28T12:00:00Z', '2026-11-30T00:00:00.000Z'],
  ['the end of a freeze',              { freeze: [sale] },                       '2026-11-30T00:00:00Z', 'open'],
  ['a freeze each week',               { freeze: [weekend] },                    '2026-11-22T23:59:59Z', '2026-11-23T00:00:00.000Z'],
  ['two freezes that follow each other', { freeze: [sale, { ...sale, from: sale.to, to: '2026-12-01T06:00:00Z' }] }, '2026-11-29T00:00:00Z', '2026-12-01T06:00:00.000Z'],
  ['a freeze in maintenance',          { ...nights, freeze: [sale] },            '2026-11-28T02:00:00Z', '2026-11-30T01:00:00.000Z'],
  ['a freeze that never ends',         { freeze: [{ cron: '* * * * *', durationMs: hour, reason: 'for ever' }] }, '2026-11-28T02:00:00Z', 'not known'],
];

describe('windowState', () => {
  it.each(cases)('%s', (_name, windows, now, expected) => {
    const state = windowState(windows, new Date(now));
    const seen = state.open ? 'open' : (state.opensAt?.toISOString() ?? 'not known');
    expect(seen).toBe(expected);
  });

  it('says why nothing may begin', () => {
    expect(windowState({ freeze: [sale] }, new Date('2026-11-28T12:00:00Z'))).toMatchObject({
      reason: 'frozen: sale',
    });
    expect(windowState(nights, new Date('2026-11-24T12:00:00Z'))).toMatchObject({
      reason: 'outside of the maintenance windows',
    });
  });

  it('is open at the moment that it names, and closed at every moment before', () => {
    const windows = { ...nights, freeze: [sale, weekend] };
    const start = Date.parse('2026-11-01T00:00:00Z');
    fc.assert(
      fc.property(fc.nat(60 * 24 * 60), fc.double({ min: 0, max: 0.999, noNaN: true }), (minutes, part) => {
        const now = start + minutes * 60_000;
        const state = windowState(windows, new Date(now));
        if (state.open) return;
        const opens = state.opensAt?.getTime() ?? Number.NaN;
        expect(opens).toBeGreaterThan(now);
        expect(windowState(windows, new Date(opens)).open).toBe(true);
        expect(windowState(windows, new Date(now + Math.floor((opens - now) * part))).open).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('waitOf', () => {
  const noon = new Date('2026-11-24T12:00:00Z');
  const wait = (facts: Parameters<typeof waitOf>[0]) => waitOf(facts, noon);

  it('lets begin what nothing holds up', () => {
    expect(wait({})).toBeUndefined();
  });

  it('names what holds it up: a pause before all else, then the order, then windows', () => {
    expect(wait({ paused: { reason: 'audit' }, waitsFor: 'eu', windows: nights })).toEqual({
      kind: 'paused',
      detail: 'the POD is paused: audit',
    });
    expect(wait({ waitsFor: 'eu', windows: nights })).toEqual({ kind: 'order', detail: 'eu comes first' });
    expect(wait({ windows: nights })).toMatchObject({
      kind: 'window',
      until: new Date('2026-11-25T01:00:00Z'),
    });
  });

  it('lets an urgent one pass windows, and nothing else', () => {
    expect(wait({ windows: nights, urgent: true })).toBeUndefined();
    expect(wait({ windows: nights, urgent: true, paused: {} })).toMatchObject({ kind: 'paused' });
  });
});
