import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canaryPolicies, PodwayError, validated, PodSpec, type PolicySpec } from '@podway/contracts';
import { chooseCanary, type Candidate, type Occasion } from './canary-policy.js';

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

  const three = [server('web1', { load: 2 }), server('web2', { load: 3 }), server('web3', { load: 1 })];
  const without = (name: string, changes: Partial<Candidate>): Candidate[] =>
    three.map((one) => (one.name === name ? { ...one, ...changes } : one));
  const turns: PolicySpec = { canary: 'round-robin' };
  const pinned: PolicySpec = { canary: 'pinned', canaryServer: 'web2' };

  it.each<[string, PolicySpec, Candidate[], Occasion, string]>([
    ['pinned: the one that is named', pinned, three, {}, 'web2'],
    ['in turns: the first at first', turns, three, {}, 'web1'],
    ['in turns: the next', turns, three, { lastCanary: 'web1' }, 'web2'],
    ['in turns: the first after the last', turns, three, { lastCanary: 'web3' }, 'web1'],
    ['in turns: the first after one that is gone', turns, three, { lastCanary: 'web9' }, 'web1'],
    [
      'in turns: not one that is unfit',
      turns,
      without('web2', { quarantined: true }),
      { lastCanary: 'web1' },
      'web3',
    ],
    [
      'in turns: the same when no other is fit',
      turns,
      [server('web1', { load: undefined }), server('web2', { quarantined: true }), server('web3')],
      { lastCanary: 'web3' },
      'web3',
    ],
    ['in turns: not a busy one', { ...turns, busyLimit: 2.5 }, three, { lastCanary: 'web1' }, 'web3'],
    ['the first that is not busy', { canary: 'first', busyLimit: 1.9 }, three, {}, 'web3'],
    ['one that is just at the limit', { canary: 'first', busyLimit: 2 }, three, {}, 'web1'],
    ['the least loaded below the limit', { busyLimit: 10 }, three, {}, 'web3'],
    [
      'the least busy when all are, going back',
      { canary: 'first', busyLimit: 0.5 },
      three,
      { goingBack: true },
      'web3',
    ],
    [
      'the pinned one although busy, going back',
      { ...pinned, busyLimit: 0.5 },
      three,
      { goingBack: true },
      'web2',
    ],
    [
      'by policy when some are calm, going back',
      { canary: 'first', busyLimit: 2.5 },
      three,
      { goingBack: true },
      'web1',
    ],
  ])('takes %s', (_, policy, candidates, occasion, expected) => {
    expect(chooseCanary(pod(3, policy), candidates, occasion)).toBe(expected);
  });

  it.each<[string, PolicySpec, Candidate[], string, boolean, string]>([
    [
      'all are busy',
      { busyLimit: 0.99 },
      three,
      'CANARY.ALL_BUSY',
      true,
      'beyond 0.99 (web1: 2; web2: 3; web3: 1)',
    ],
    [
      'all that are fit are busy',
      { busyLimit: 1.5 },
      without('web3', { quarantined: true }),
      'CANARY.ALL_BUSY',
      true,
      '(web1: 2; web2: 3)',
    ],
    ['the pinned one is busy', { ...pinned, busyLimit: 2 }, three, 'CANARY.ALL_BUSY', true, '(web2: 3)'],
    [
      'the pinned one is quarantined',
      pinned,
      without('web2', { quarantined: true }),
      'CANARY.PINNED_UNFIT',
      false,
      '(web2: quarantined)',
    ],
    [
      'the pinned one is away',
      pinned,
      without('web2', { load: undefined, problem: 'no route' }),
      'CANARY.PINNED_UNFIT',
      false,
      '(web2: no route)',
    ],
    [
      'the pinned one is left behind',
      pinned,
      without('web2', { onCurrentRelease: false }),
      'CANARY.PINNED_UNFIT',
      false,
      'not on the current release',
    ],
  ])('refuses when %s', (_, policy, candidates, code, retryable, told) => {
    expect(() => chooseCanary(pod(3, policy), candidates)).toThrow(
      expect.objectContaining({ code, retryable, message: expect.stringContaining(told) as string }) as Error,
    );
  });

  it('satisfies the policy, whatever the servers are like, or says by a code why not', () => {
    const one = fc.record({
      quarantined: fc.boolean(),
      inRotation: fc.boolean(),
      onCurrentRelease: fc.boolean(),
      load: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    });
    const names = ['web1', 'web2', 'web3', 'web4'];
    const cases = fc.record({
      servers: fc.array(one, { minLength: 1, maxLength: 4 }),
      canary: fc.constantFrom(...canaryPolicies),
      busyLimit: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      minInRotation: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      occasion: fc.record({
        goingBack: fc.boolean(),
        catchingUp: fc.boolean(),
        lastCanary: fc.constantFrom(undefined, ...names, 'web9'),
      }),
    });
    const seen = new Map<string, number>();
    const property = fc.property(cases, fc.nat(), ({ servers, busyLimit, occasion, ...rest }, at) => {
      const candidates = servers.map((each, index) => ({ ...each, name: names[index] ?? '' }));
      const canaryServer = rest.canary === 'pinned' ? names[at % servers.length] : undefined;
      const minInRotation = Math.min(rest.minInRotation ?? 1, Math.max(1, servers.length - 1));
      const spec = pod(servers.length, { canary: rest.canary, canaryServer, busyLimit, minInRotation });
      const code = ((): string => {
        try {
          check(spec, candidates, occasion, chooseCanary(spec, candidates, occasion));
          return 'chosen';
        } catch (error) {
          if (error instanceof PodwayError) return error.code;
          throw error;
        }
      })();
      seen.set(code, (seen.get(code) ?? 0) + 1);
      expect(code === 'CANARY.ALL_BUSY' && (busyLimit === undefined || occasion.goingBack)).toBe(false);
      expect(code === 'CANARY.PINNED_UNFIT' && rest.canary !== 'pinned').toBe(false);
    });
    fc.assert(property, { numRuns: 5_000 });
    expect([...seen.keys()].toSorted()).toEqual([
      ...[
        'CANARY.ALL_BUSY',
        'CANARY.NONE_FIT',
        'CANARY.PINNED_UNFIT',
        'CANARY.TOO_FEW_IN_ROTATION',
        'chosen',
      ],
    ]);
  });
});

/** Each constraint in its own words, not in those of the code under test. */
function check(spec: PodSpec, candidates: Candidate[], occasion: Occasion, chosen: string): void {
  const { canary, canaryServer, busyLimit = Infinity, minInRotation = 1 } = spec.policy ?? {};
  const taken = candidates.find((one) => one.name === chosen);
  if (taken?.load === undefined) throw new Error(`${chosen} cannot be reached`);
  expect(taken.onCurrentRelease).toBe(true);
  expect(taken.quarantined && candidates.some((one) => !one.quarantined)).toBe(false);
  if (canary === 'pinned') expect(chosen).toBe(canaryServer);
  const fit = candidates.filter(
    (one) => one.load !== undefined && one.onCurrentRelease && one.quarantined === taken.quarantined,
  );
  const calm = fit.filter((one) => (one.load ?? 0) <= busyLimit);
  if (taken.load > busyLimit) expect(occasion.goingBack).toBe(true);
  if (taken.load > busyLimit && canary !== 'pinned') expect(calm).toEqual([]);
  if (calm.includes(taken)) {
    if (canary === 'first') expect(taken).toBe(calm[0]);
    if (canary === 'least-loaded')
      expect(calm.every((one) => (one.load ?? 0) >= (taken.load ?? 0))).toBe(true);
    if (canary === 'round-robin') {
      const names = candidates.map((one) => one.name);
      const after = names.indexOf(occasion.lastCanary ?? '') + 1;
      const circle = [...names.slice(after), ...names.slice(0, after)];
      expect(chosen).toBe(circle.find((name) => calm.some((one) => one.name === name)));
    }
  }
  const serving = candidates.filter((one) => one.inRotation && !one.quarantined && one !== taken);
  const leaves = taken.inRotation && !taken.quarantined && candidates.length > 1 && !occasion.catchingUp;
  if (leaves) expect(serving.length).toBeGreaterThanOrEqual(minInRotation);
}
