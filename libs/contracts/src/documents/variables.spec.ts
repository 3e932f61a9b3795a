import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { PodsFile } from './pods-file.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../../schemas/pods.schema.json', import.meta.url), 'utf8'),
) as object;
const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const matchesSchema = ajv.compile(schema);

const file = (variables: unknown, server: object = {}) => ({
  apiVersion: 'podway/v1',
  pods: [
    {
      ...{ name: 'shop', client: 'acme', path: '/srv/shop', state: { driver: 'tree' }, variables },
      servers: [{ name: 'web1', local: true, http: 'http://127.0.0.1', ...server }],
    },
  ],
});

function problemsOf(plain: object): readonly string[] {
  try {
    validated(PodsFile, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

describe('variables in pods.yaml', () => {
  it.each([
    ['none', file({})],
    ['text, also without a character', file({ edition: 'pro', note: '' })],
    ['references', file({ 'db-password': { env: 'PODWAY_SECRET_DB' }, key: { file: '/run/secrets/key' } })],
    ['those of a server', file(undefined, { variables: { edition: 'basic' } })],
    ['programs of a server', file(undefined, { programs: { psql: ['runuser', '-u', 'postgres', 'psql'] } })],
  ])('%s', (_, plain) => {
    expect(problemsOf(plain)).toEqual([]);
    expect(matchesSchema(JSON.parse(JSON.stringify(plain))), JSON.stringify(matchesSchema.errors)).toBe(true);
  });

  const reference = 'must be text, {env: PODWAY_SECRET_…} or {file: /path}';
  it.each([
    ['a list', [], 'must be names and values, like {edition: pro}'],
    ['text', 'edition=pro', 'must be names and values, like {edition: pro}'],
    ['a number', { edition: 2 }, 'edition: must be text: put it in quotes'],
    ['a list for a value', { edition: ['pro'] }, 'edition: must be text: put it in quotes'],
    ['null for a value', { edition: null }, 'edition: must be text: put it in quotes'],
    ['a name with capitals', { DB: 'x' }, 'DB is not a name of a variable'],
    ['a name with two -', { 'a--b': 'x' }, 'a--b is not a name of a variable'],
    [
      "one of Podway's own settings",
      { a: { env: 'DATABASE_URL' } },
      'a: env must be like PODWAY_SECRET_DB_PASSWORD',
    ],
    ['a relative file', { a: { file: 'key' } }, 'a: file must be an absolute path'],
    [
      'a file that leads out',
      { a: { file: '/run/secrets/../../etc/shadow' } },
      'a: file must be an absolute path',
    ],
    ['two references', { a: { env: 'PODWAY_SECRET_A', file: '/a' } }, `a: ${reference}`],
    ['an empty reference', { a: {} }, `a: ${reference}`],
    ['another reference', { a: { vault: 'x' } }, `a: ${reference}`],
    ['a long value', { a: 'x'.repeat(4_001) }, 'a: must be text: put it in quotes'],
  ])('refused: %s', (what, variables, told) => {
    expect(problemsOf(file(variables))).toEqual([`pods.0.variables: ${told}`]);
    expect(problemsOf(file(undefined, { variables }))).toEqual([`pods.0.servers.0.variables: ${told}`]);
    // The parts of a path cannot be said in the schema.
    if (what !== 'a file that leads out') expect(matchesSchema(file(variables))).toBe(false);
  });
});
