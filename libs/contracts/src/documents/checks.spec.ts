import { describe, expect, it } from 'vitest';
import { Check } from './checks.js';
import { filledQuery, metricQueryProblem } from './metric-query.js';
import { PodsFile } from './pods-file.js';
import { CheckNotAllowedError, refuseForbiddenChecks, type PublisherChecksSpec } from './publisher-checks.js';
import { InvalidInputError, validated } from '../validation.js';

const http = (changes: object = {}) => ({ probe: 'http', ...changes });
const metric = (changes: object = {}) => ({ probe: 'metric', query: 'up', max: 1, ...changes });

function problemsOf(type: typeof Check | typeof PodsFile, plain: object): readonly string[] {
  try {
    validated<object>(type, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

describe('a check', () => {
  it.each([
    http({ samples: 20, failureLimit: 1, errorLimit: 0, inconclusiveLimit: 2, maxLatencyMs: 500 }),
    http({ tries: 10, consecutive: 3 }),
    http({ consecutive: 5 }),
    { probe: 'comparison' },
    {
      ...{ probe: 'comparison', path: '/', samples: 5, maxStatusDifference: 0.1, maxLatencyRatio: 1.5 },
      ...{ latencyFloorMs: 20, withoutOthers: 'passed' },
    },
    metric({ min: -1, maxRatio: 1.5, floor: 0.01, withoutOthers: 'passed' }),
    metric({ query: 'rate(errors{instance="{{address}}"}[1m])' }),
  ])('%j may be', (check) => {
    expect(problemsOf(Check, check)).toEqual([]);
  });

  // prettier-ignore
  it.each<[object, string]>([
    [http({ failureLimit: 1 }), 'failureLimit: must be less than samples, which is 1'],
    [http({ samples: 3, inconclusiveLimit: 3 }), 'inconclusiveLimit: must be less than samples, which is 3'],
    [http({ tries: 2, consecutive: 3 }), 'consecutive: must not be more than tries, which is 2'],
    [http({ maxLatencyMs: 5000 }), 'maxLatencyMs: must be less than timeoutMs, which is 5000'],
    [http({ samples: 0 }), 'samples: must not be less than 1'],
    [{ probe: 'tcp', maxLatencyMs: 10 }, 'probe: tcp takes no maxLatencyMs'],
    [{ probe: 'comparison', samples: 4 }, 'samples: must be 5 and more for a comparison'],
    [{ probe: 'comparison', failureLimit: 0 }, 'probe: comparison takes no failureLimit'],
    [{ probe: 'comparison', maxLatencyRatio: 0.5 }, 'maxLatencyRatio: must not be less than 1'],
    [{ probe: 'metric', query: 'up' }, 'probe: metric needs max, min or maxRatio'],
    [metric({ min: 2 }), 'probe: min is more than max'],
    [{ probe: 'metric', max: 1 }, 'probe: metric needs query'],
    [metric({ query: '{{server}}' }), 'query: has a placeholder outside of a string in double quotes'],
    [metric({ max: Infinity }), 'max: must be a number conforming to the specified constraints'],
  ])('%j may not be', (check, problem) => {
    expect(problemsOf(Check, check)).toEqual([problem]);
  });
});

const server = (name: string) => ({ name, local: true, http: `http://${name}.example:8080` });
const pods = (changes: object) => ({
  apiVersion: 'podway/v1',
  pods: [
    {
      ...{ name: 'shop', client: 'acme', path: '/srv/shop', state: { driver: 'tree' } },
      ...{ servers: [server('web1'), server('web2')], hosts: ['shop.example'], ...changes },
    },
  ],
});

describe('checks of a POD', () => {
  it('need what they are made with', () => {
    const verification = { metricsUrl: 'http://10.0.0.9:9090', bakeMs: 60_000, everyMs: 1_000 };
    expect(problemsOf(PodsFile, pods({ checks: [metric()], policy: { verification } }))).toEqual([]);
    expect(problemsOf(PodsFile, pods({ checks: [metric()] }))).toEqual([
      'pods.0.checks: a metric check needs policy.verification.metricsUrl',
    ]);
    const alone = { servers: [server('web1')], checks: [{ probe: 'comparison' }] };
    expect(problemsOf(PodsFile, pods(alone))).toEqual([
      'pods.0.checks: a comparison check needs a POD of two servers and more',
    ]);
  });

  it.each(['http://me:secret@10.0.0.9', 'http://10.0.0.9/?a=1', 'file:///etc/passwd', '10.0.0.9:9090'])(
    'are not asked of %s',
    (metricsUrl) => {
      const problems = problemsOf(PodsFile, pods({ policy: { verification: { metricsUrl } } }));
      expect(problems).toEqual([expect.stringMatching(/metricsUrl: must be like/)]);
    },
  );
});

describe('the query of a metric', () => {
  const values = { server: 'web1', address: '10.0.0.1:80', region: 'a"b\\c\nd', pod: 'p', client: 'c' };

  it.each([
    ['up{instance="{{address}}"}', 'up{instance="10.0.0.1:80"}'],
    ['up{instance=~"{{address}}"}', String.raw`up{instance=~"10\\.0\\.0\\.1:80"}`],
    ['up{instance !~ "x{{address}}.*"}', String.raw`up{instance !~ "x10\\.0\\.0\\.1:80.*"}`],
    ['up{region="{{region}}"}', String.raw`up{region="a\"b\\c\nd"}`],
    ['up{region=~"{{region}}"}', String.raw`up{region=~"a\"b\\\\c\nd"}`],
    ['a{x="\\"{{server}}",y=\'"\'} + b{z="{{pod}}{{client}}"}', 'a{x="\\"web1",y=\'"\'} + b{z="pc"}'],
    ['sum by (le) (x) > bool 3', 'sum by (le) (x) > bool 3'],
  ])('%s is filled', (query, filled) => {
    expect(metricQueryProblem(query)).toBeUndefined();
    expect(filledQuery(query, values)).toBe(filled);
  });

  it.each([
    ['{{server}}', 'has a placeholder outside of a string in double quotes'],
    ["up{x='{{server}}'}", 'has a placeholder outside of a string in double quotes'],
    ['up{x=`{{server}}`}', 'has a placeholder outside of a string in double quotes'],
    ['up{x="a} + {{server}}', 'has a string that does not end'],
    ['up # "{{server}}', 'must have no comments'],
    [
      'up{x="{{password}}"}',
      'has the placeholder {{password}}; there are server, address, region, pod, client',
    ],
    ['up{x="{{server"}', 'has a placeholder that does not end'],
    [' ', 'must be a PromQL query'],
  ])('%s is refused', (query, problem) => {
    expect(metricQueryProblem(query)).toBe(problem);
  });
});

describe("a publisher's check", () => {
  const refusal = (check: object, publisherChecks?: PublisherChecksSpec, policy: object = {}) => {
    const all = { policy: { ...policy, ...(publisherChecks ? { publisherChecks } : {}) } };
    const [pod] = validated(PodsFile, pods(all), { strict: true }).pods;
    try {
      refuseForbiddenChecks(pod!, [check as Check]);
      return undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(CheckNotAllowedError);
      expect(error).toMatchObject({ code: 'CHECK.NOT_ALLOWED', retryable: false });
      return (error as Error).message.replace(/^.*: check 1: /, '');
    }
  };
  const sha256 = 'a'.repeat(64);
  const verification = { metricsUrl: 'http://10.0.0.9:9090' };

  // prettier-ignore
  it.each<[object, string | undefined, PublisherChecksSpec?, object?]>([
    [http(), undefined],
    [http({ host: 'Shop.example:8080' }), undefined],
    [http({ host: 'rival.example' }), 'rival.example is no host name of the POD'],
    [{ probe: 'tcp' }, undefined],
    [{ probe: 'tcp', port: 8080 }, undefined],
    [{ probe: 'tcp', port: 22 }, "port 22 is not that of the servers' http address"],
    [{ probe: 'fingerprint', file: 'a', sha256 }, undefined],
    [{ probe: 'command', run: ['true'] }, 'the probe command is not allowed'],
    [{ probe: 'comparison' }, 'the probe comparison is not allowed'],
    [metric(), 'the probe metric is not allowed', undefined, { verification }],
    [{ probe: 'command', run: ['php', '-v'] }, undefined, { commands: ['php'] }],
    [{ probe: 'command', run: ['/bin/php'] }, 'the program "/bin/php" is not allowed', { commands: ['php'] }],
    [http(), undefined, { commands: ['php'] }],
    [http(), 'the probe http is not allowed', { probes: [] }],
    [{ probe: 'comparison' }, undefined, { probes: ['comparison'] }],
    [{ probe: 'comparison', host: 'rival.example' }, 'rival.example is no host name of the POD', { probes: ['comparison'] }],
    [metric(), undefined, { probes: ['metric'] }, { verification }],
    [metric(), 'the POD names no Prometheus', { probes: ['metric'] }],
  ])('%j: %s', (check, reason, publisherChecks, policy) => {
    expect(refusal(check, publisherChecks, policy)).toBe(reason);
  });

  it('is judged by a policy that makes sense', () => {
    const at = (publisherChecks: object) => problemsOf(PodsFile, pods({ policy: { publisherChecks } }));
    expect(at({ probes: ['command'] })).toEqual([
      'pods.0.policy.publisherChecks.probes: command needs commands: the programs that may be run',
    ]);
    expect(at({ probes: ['http'], commands: ['php'] })).toEqual([
      'pods.0.policy.publisherChecks.probes: commands need the probe command',
    ]);
    expect(at({ probes: ['ping'] })).toHaveLength(1);
  });
});
