import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { AccessesSpec } from './accesses-spec.js';

function problemsOf(plain: object): readonly string[] {
  try {
    validated(AccessesSpec, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

it.each([
  ['nothing', {}],
  ['parts with defaults only', { health: {}, passive: {}, sticky: {} }],
  [
    'everything',
    {
      balance: 'least-connections',
      health: {
        path: '/health?deep=1',
        expectStatus: 204,
        intervalMs: 1_000,
        timeoutMs: 500,
        healthyAfter: 1,
        unhealthyAfter: 2,
      },
      passive: { failedAfter: 3, failedMs: 10_000 },
      sticky: { cookie: 'served_by', maxAgeSeconds: 3_600 },
      upgrades: false,
      redirectToHttps: true,
      maxBodyBytes: 1_048_576,
      requestTimeoutMs: 60_000,
      responseTimeoutMs: 30_000,
    },
  ],
])('takes %s', (_, plain) => {
  expect(problemsOf(plain)).toEqual([]);
});

describe('refuses', () => {
  it.each([
    [
      'another balance',
      { balance: 'random' },
      'balance: must be one of the following values: round-robin, least-connections',
    ],
    ['health as text', { health: '/' }, 'health: must be an object'],
    ['a list for sticky', { sticky: [] }, 'sticky: must be one object, not a list'],
    [
      'a cookie that needs quotes',
      { sticky: { cookie: 'a b' } },
      'sticky.cookie: must match /^[A-Za-z0-9_-]{1,64}$/ regular expression',
    ],
    [
      'a header in the path',
      { health: { path: '/ HTTP/1.1\r\nX: y' } },
      'health.path: must match /^\\/[^\\s\\u0000-\\u001f\\u007f]*$/ regular expression',
    ],
    ['checks without pause', { health: { intervalMs: 0 } }, 'health.intervalMs: must not be less than 50'],
    ['a threshold of none', { passive: { failedAfter: 0 } }, 'passive.failedAfter: must not be less than 1'],
    ['a negative size', { maxBodyBytes: -1 }, 'maxBodyBytes: must not be less than 0'],
    ['what is not known', { stiky: {} }, 'stiky: is not known here'],
  ])('%s', (_, plain, told) => {
    expect(problemsOf(plain)).toEqual([told]);
  });
});
