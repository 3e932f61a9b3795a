import { describe, expect, it } from 'vitest';
import { validated, PodSpec, type PolicySpec } from '@podway/contracts';
import { chooseCanary, type Candidate } from './canary-policy.js';

function pod(count: number, policy: PolicySpec = {}): PodSpec {
  return validated(PodSpec, {
    name: 'shop',
    client: 'acme',
    path: '/srv/shop',
    servers: Array.from({ length: count }, (_, index) => ({
      name: `web${index + 1}`,
      local: true,
      http: 'http://127.0.0.1:1',
    })),
    state: { driver: 'tree' },
    policy,
  });
}

const fine = { quarantined: false, inRotation: true, onCurrentRelease: true };
const server = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  ...fine,
  name,
  load: 0.5,
  ...changes,
});

describe('chooseCanary', () => {
  const cases: [string, PolicySpec, Candidate[], string][] = [
    ['the least loaded', {}, [server('web1', { load: 2 }), server('web2', { load: 0.1 })], 'web2'],
    ['the first of the file', { canary: 'first' }, [server('web1', { load: 2 }), server('web2')], 'web1'],
    [
      'not one that is quarantined',
      { canary: 'first' },
      [server('web1', { quarantined: true }), server('web2'), server('web3')],
      'web2',
    ],
    [
      'not one that cannot be reached',
      { canary: 'first' },
      [server('web1', { load: undefined }), server('web2')],
      'web2',
    ],
    [
      'not one that is on another state than the current release',
      { canary: 'first' },
      [server('web1', { onCurrentRelease: false }), server('web2'), server('web3')],
      'web2',
    ],
    ['the only one', {}, [server('web1')], 'web1'],
    [
      'one on the current release when all are quarantined',
      {},
      [server('web1', { quarantined: true, onCurrentRelease: false }), server('web2', { quarantined: true })],
      'web2',
    ],
  ];
  it.each(cases)('takes %s', (_, policy, candidates, expected) => {
    expect(chooseCanary(pod(candidates.length, policy), candidates)).toBe(expected);
  });

  it('refuses when too few would stay in rotation, and says how many', () => {
    const candidates = [server('web1'), server('web2', { inRotation: false })];
    expect(() => chooseCanary(pod(2), candidates)).toThrow(
      'Only 0 servers would stay in rotation, and the POD needs 1',
    );
    const three = [server('web1'), server('web2'), server('web3', { inRotation: false })];
    expect(() => chooseCanary(pod(3, { minInRotation: 2 }), three)).toThrow(
      expect.objectContaining({ code: 'CANARY.TOO_FEW_IN_ROTATION' }) as Error,
    );
  });

  it('may take the last one in rotation when the POD goes to the release that it is on', () => {
    const candidates = [server('web1'), server('web2', { quarantined: true })];
    expect(() => chooseCanary(pod(2), candidates)).toThrow('Only 0 servers would stay in rotation');
    expect(chooseCanary(pod(2), candidates, { catchingUp: true })).toBe('web1');
  });

  it('refuses when none is fit, and says why', () => {
    const candidates = [
      server('web1', { load: undefined, problem: 'connection refused' }),
      server('web2', { quarantined: true }),
    ];
    expect(() => chooseCanary(pod(2), candidates)).toThrow('web1: connection refused; web2: quarantined');
  });
});
