import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { PodsFile } from './pods-file.js';

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const matchesSchema = ajv.compile(
  JSON.parse(
    readFileSync(new URL('../../../../schemas/pods.schema.json', import.meta.url), 'utf8'),
  ) as object,
);

const file = (part: object) => ({
  apiVersion: 'podway/v1',
  pods: [
    {
      ...{ name: 'shop', client: 'acme', path: '/srv/shop' },
      servers: [{ name: 'web1', local: true, http: 'http://127.0.0.1:8080' }],
      state: { driver: 'tree', parts: [part] },
    },
  ],
});
const shop = { name: 'shop', driver: 'database', engine: 'postgresql', database: 'shop' };

it.each([
  ['the least that is needed', shop],
  ['a socket', { ...shop, socket: '/run/postgresql', port: 5433, user: 'keeper' }],
  [
    'a host and a password',
    { ...shop, engine: 'mariadb', host: 'db.internal', passwordFile: '/etc/shop.pw' },
  ],
  ['what is compared', { ...shop, compare: 'schema', content: ['versions', 'app.settings'], scope: 'pod' }],
  ['all rows', { ...shop, compare: 'all' }],
])('takes %s', (_, part) => {
  expect(matchesSchema(file(part))).toBe(true);
  expect(validated(PodsFile, file(part), { strict: true }).pods[0]?.state.parts?.[0]).toMatchObject(part);
});

it.each([
  ['no engine', { ...shop, engine: undefined }, 'database needs engine'],
  ['no database', { ...shop, database: undefined }, 'database needs database'],
  ['a database of the system', { ...shop, database: 'postgres' }, 'must be the name of a database'],
  [
    'a name that would be more than a name',
    { ...shop, database: 'shop; drop' },
    'must be the name of a database',
  ],
  ['two ways to it', { ...shop, host: 'db', socket: '/run/x' }, 'not by both'],
  [
    'content beside all',
    { ...shop, compare: 'all', content: ['versions'] },
    'content is for compare: schema',
  ],
  ['a table with a quote', { ...shop, content: [`v'`] }, 'must be names of tables'],
  ['paths of another kind', { ...shop, paths: ['/etc'] }, 'database takes no paths'],
])('refuses %s', (_, part, reason) => {
  const plain = JSON.parse(JSON.stringify(file(part))) as object;
  expect(matchesSchema(plain)).toBe(false);
  expect(() => validated(PodsFile, plain, { strict: true })).toThrow(InvalidInputError);
  expect(() => validated(PodsFile, plain, { strict: true })).toThrow(reason);
});
