import { readFile, readdir } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentSchemas } from './document-schemas.mjs';
import { formatted } from './generated-file.mjs';
import { openApiDocument } from './openapi-document.mjs';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

function validator(schema: object): (value: unknown) => string[] {
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (value) =>
    validate(value) ? [] : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message}`);
}

describe('what is committed is what the sources say', () => {
  it('OpenAPI', async () => {
    const path = 'apps/ingress-gateway/openapi.json';
    expect(await read(path)).toBe(await formatted(path, await openApiDocument()));
  });

  it('schemas', async () => {
    for (const [path, schema] of await documentSchemas()) {
      expect(await read(path)).toBe(await formatted(path, schema));
    }
  });
});

it('has no reference into nothing', async () => {
  const document = await openApiDocument();
  const known = Object.keys(document.components.schemas);
  const used = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/([A-Za-z]+)/g)].map(
    ([, name]) => name,
  );
  expect(known).toEqual(expect.arrayContaining(used));
});

describe('the schemas take what is good and refuse what is not', () => {
  const server = {
    name: 's1',
    ssh: { host: '10.0.0.1', hostKeys: ['ssh-ed25519 AAAAC3Nza'] },
    http: 'http://10.0.0.1:8080',
  };
  const pod = {
    name: 'shop',
    client: 'acme',
    path: '/srv/shop',
    servers: [server],
    state: { driver: 'tree' },
  };
  const pods = (change: object): object => ({ apiVersion: 'podway/v1', pods: [{ ...pod, ...change }] });
  const bundle = (change: object): object => ({
    apiVersion: 'podway/v1',
    name: 'shop',
    version: '1',
    components: [{ name: 'site', installer: 'archive' }],
    ...change,
  });

  it.each([
    ['schemas/pods.schema.json', pods({}), true],
    [
      'schemas/pods.schema.json',
      pods({ checks: [{ probe: 'http', path: '/', host: 'Shop.Example' }] }),
      true,
    ],
    ['schemas/pods.schema.json', pods({ name: 'Shop' }), false],
    ['schemas/pods.schema.json', pods({ colour: 'red' }), false],
    ['schemas/pods.schema.json', pods({ servers: [] }), false],
    ['schemas/pods.schema.json', pods({ servers: [{ ...server, ssh: { host: 'x', hostKeys: [] } }] }), false],
    ['schemas/pods.schema.json', pods({ path: '/srv/../etc' }), false],
    ['schemas/pods.schema.json', { apiVersion: 'podway/v2', pods: [] }, false],
    ['schemas/podway.schema.json', bundle({}), true],
    [
      'schemas/podway.schema.json',
      bundle({ target: { pod: 'shop' }, prerequisites: { diskFreeMb: 10 } }),
      true,
    ],
    ['schemas/podway.schema.json', bundle({ components: [] }), false],
    ['schemas/podway.schema.json', bundle({ components: [{ name: 'x', installer: 'magic' }] }), false],
  ])('%s: %j -> %s', async (path, document, good) => {
    const problems = validator(JSON.parse(await read(path)) as object)(document);
    expect(problems.length === 0).toBe(good);
  });

  it('take every example', async () => {
    const names = await readdir(new URL('examples/', root), { recursive: true });
    const documents = names.filter((name) => /(^|\/)(podway|[a-z-]*pods)\.yaml$/.test(name));
    expect(documents.length).toBeGreaterThan(0);
    for (const name of documents) {
      const path = name.endsWith('podway.yaml') ? 'schemas/podway.schema.json' : 'schemas/pods.schema.json';
      const problems = validator(JSON.parse(await read(path)) as object)(
        parse(await read(`examples/${name}`)),
      );
      expect({ name, problems }).toEqual({ name, problems: [] });
    }
  });
});
