import { PodSpec, PodwayError, validated, type PolicySpec } from '@podway/contracts';
import { describe, expect, it } from 'vitest';
import { Toll } from './toll.js';

function pod(count: number, policy: Partial<PolicySpec>): PodSpec {
  const servers = Array.from({ length: count }, (_, index) => ({
    name: `web${index + 1}`,
    local: true,
    http: 'http://127.0.0.1',
  }));
  const state = { driver: 'tree' };
  return validated(PodSpec, { name: 'shop', client: 'acme', path: '/srv', servers, state, policy });
}

const gone = new PodwayError('HOST.UNREACHABLE', 'gone', { retryable: true });
const quarantine = { onPartialFailure: 'quarantine' } as const;

/** What is lost of how many, and whether it goes on. */
const cases: [string, number, Partial<PolicySpec>, string[], string[], boolean][] = [
  ['nothing lost', 3, {}, [], [], true],
  ['one lost, roll back all', 3, {}, [], ['web2'], false],
  ['one lost that was out before', 3, {}, ['web2'], ['web2'], true],
  ['one lost besides one that was out before', 4, {}, ['web2'], ['web2', 'web3'], false],
  ['one lost, quarantine', 3, quarantine, [], ['web2'], true],
  ['all others lost, quarantine', 3, quarantine, [], ['web2', 'web3'], true],
  ['all others lost, two must serve', 3, { ...quarantine, minInRotation: 2 }, [], ['web2', 'web3'], false],
  ['one lost, two must serve', 3, { ...quarantine, minInRotation: 2 }, [], ['web2'], true],
  ['all lost, none must serve', 2, { ...quarantine, minInRotation: 0 }, [], ['web1', 'web2'], false],
];

describe('Toll', () => {
  it.each(cases)('%s', (_, count, policy, before, lost, goesOn) => {
    const toll = new Toll(pod(count, policy), new Set(before));
    for (const name of lost) toll.lost(name, gone);
    if (goesOn) expect(() => toll.check()).not.toThrow();
    else expect(() => toll.check()).toThrow('could not take the release: gone');
  });

  it('a server that is lost after its switch does not count as switched', () => {
    const toll = new Toll(pod(3, quarantine), new Set());
    toll.switched('web2', 'a'.repeat(64));
    toll.lost('web2', gone);
    expect(toll.outcomes()).toMatchObject([{ name: 'web2', result: 'quarantined' }]);
    expect(toll.switchedServers).toEqual([]);
  });

  it('tells each server once, with what became of it', () => {
    const toll = new Toll(pod(3, quarantine), new Set());
    toll.switched('web1', 'a'.repeat(64));
    toll.lost('web2', new PodwayError('STATE.DISK_FULL', 'x'.repeat(5_000)));
    expect(toll.outcomes()).toEqual([
      { name: 'web1', result: 'switched', fingerprint: 'a'.repeat(64) },
      { name: 'web2', result: 'quarantined', code: 'STATE.DISK_FULL', detail: 'x'.repeat(2_000) },
    ]);
    expect([toll.switchedServers, toll.lostServers]).toEqual([['web1'], ['web2']]);
  });
});
