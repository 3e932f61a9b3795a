import { describe, expect, it } from 'vitest';
import type { VariableSpec, VariableValues } from '@podway/contracts';
import { resolveVariables, type SecretSource } from './variables.js';

const secrets: SecretSource = {
  environment: (name) => ({ PODWAY_SECRET_DB: 'hunter22', PODWAY_SECRET_SHORT: 'abc' })[name],
  file: async (path) => (path === '/run/secrets/key' ? 'line one\nline two' : undefined),
};
const resolved = (declared: VariableSpec[], ...values: (VariableValues | undefined)[]) =>
  resolveVariables(declared, { server: 'web1', values }, secrets);

describe('variables', () => {
  it('have the value of the server before that of the POD before the default', async () => {
    const declared = ['a', 'b', 'c'].map((name) => ({ name, default: 'bundle' }));
    const variables = await resolved(declared, { a: 'server' }, { a: 'pod', b: 'pod' });
    expect(['a', 'b', 'c'].map((name) => variables.value(name))).toEqual(['server', 'pod', 'bundle']);
  });

  it('are those that the bundle declares, and no others', async () => {
    const variables = await resolved([{ name: 'a' }], { b: 'x', 'db-password': { env: 'PODWAY_SECRET_DB' } });
    expect(variables.names()).toEqual([]);
    expect(variables.environment()).toEqual({});
  });

  it('may be empty, and are not left out then', async () => {
    const variables = await resolved([{ name: 'a-b', default: 'x' }], { 'a-b': '' });
    expect(variables.environment()).toEqual({ PODWAY_VAR_A_B: '' });
  });

  it('take secrets by reference, and do not show them', async () => {
    const declared = [{ name: 'password', secret: true }, { name: 'key' }];
    const given = { password: { env: 'PODWAY_SECRET_DB' }, key: { file: '/run/secrets/key' } };
    const variables = await resolved(declared, given);
    expect(variables.value('password')).toBe('hunter22');
    // Also what the bundle does not call a secret: it is not the bundle's to say.
    expect([variables.plain('password'), variables.plain('key')]).toEqual([undefined, undefined]);
    expect(variables.redactor.redact('hunter22, line two')).toBe('[secret], [secret]');
  });

  it.each<[string, VariableSpec, VariableValues, string]>([
    ['has no value', { name: 'a', required: true }, {}, 'the variable a has no value'],
    ['is a secret in plain text', { name: 'a', secret: true }, { a: 'hunter22' }, 'is secret'],
    [
      'names a missing variable',
      { name: 'a' },
      { a: { env: 'PODWAY_SECRET_X' } },
      'not to be had from the environment',
    ],
    [
      'names a missing file',
      { name: 'a' },
      { a: { file: '/etc/shadow' } },
      'not to be had from the file /etc/shadow',
    ],
    ['is a secret too short', { name: 'a' }, { a: { env: 'PODWAY_SECRET_SHORT' } }, 'less than 4 characters'],
    ['does not match', { name: 'a', pattern: 'basic|pro' }, { a: 'probably' }, 'does not match basic|pro'],
    [
      'has a default that does not match',
      { name: 'a', pattern: '[0-9]+', default: 'x' },
      {},
      'does not match',
    ],
    ['takes too long to match', { name: 'a', pattern: '(a+)+b' }, { a: 'a'.repeat(40) }, 'cannot be matched'],
  ])('are refused before anything is touched: one %s', async (_, spec, given, told) => {
    const error = await resolved([spec], given).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'INSTALL.VARIABLES_INVALID',
      message: expect.stringContaining(told),
    });
    expect(JSON.stringify(error)).not.toContain('hunter22');
  });

  it('are refused all at once', async () => {
    const declared = ['a', 'b'].map((name) => ({ name, required: true }));
    await expect(resolved(declared)).rejects.toMatchObject({
      details: { server: 'web1', problems: ['the variable a has no value', 'the variable b has no value'] },
    });
  });

  it.each(['pro', 'PRO'])('match as a whole: %s', async (value) => {
    await resolved([{ name: 'a', pattern: 'pro|PRO' }], { a: value });
  });
});
