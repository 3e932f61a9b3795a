import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { Podway } from './podway.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
}
interface Operation {
  parameters?: { name: string; in: string }[];
}
const openapi = JSON.parse(readFileSync(`${root}apps/ingress-gateway/openapi.json`, 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

describe('types', () => {
  let types: Map<string, ts.Type>;
  let checker: ts.TypeChecker;
  beforeAll(() => {
    const entry = `${root}libs/contracts/src/index.ts`;
    const { config } = ts.readConfigFile(`${root}libs/contracts/tsconfig.json`, (file) =>
      ts.sys.readFile(file),
    ) as {
      config: object;
    };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, `${root}libs/contracts`);
    const program = ts.createProgram([entry], {
      ...options,
      noEmit: true,
      composite: false,
      incremental: false,
    });
    checker = program.getTypeChecker();
    const source = program.getSourceFile(entry);
    const module = source && checker.getSymbolAtLocation(source);
    const exported = module ? checker.getExportsOfModule(module) : [];
    types = new Map(exported.map((symbol) => [symbol.name, checker.getDeclaredTypeOfSymbol(symbol)]));
  }, 120_000);

  const schemas = Object.entries(openapi.components.schemas).filter(([, { properties }]) => properties);

  it('there are many', () => {
    expect(schemas.length).toBeGreaterThan(60);
  });

  it.each(schemas)('%s has the fields that OpenAPI has, and the same may be missing', (name, schema) => {
    const type = types.get(name);
    if (!type) return expect(name, 'a schema without a type').toBe('');
    const declared = checker.getPropertiesOfType(type).map((property) => {
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      return `${property.name}${optional ? '?' : ''}`;
    });
    const required = new Set(schema.required);
    const documented = Object.keys(schema.properties ?? {}).map(
      (field) => `${field}${required.has(field) ? '' : '?'}`,
    );
    expect(declared.sort()).toEqual(documented.sort());
  });
});

describe('methods', () => {
  const asked: { method: string; url: URL }[] = [];
  const podway = new Podway({
    ...{ url: 'http://podway.invalid', key: 'k', retry: { attempts: 1 } },
    fetch: (input, init) => {
      asked.push({ method: init?.method ?? '', url: new URL(String(input)) });
      return Promise.resolve(
        new Response('{"deployments": []}', { headers: { 'content-type': 'application/json' } }),
      );
    },
  });

  /** Not calls by themselves, or with more than one: tests of their own have them. */
  const others = new Set([
    ...['constructor', 'events', 'followLogs', 'deployment', 'lastSequence', 'word', 'get', 'published'],
  ]);
  const names = Object.getOwnPropertyNames(Podway.prototype).filter((name) => !others.has(name));

  it.each(names)('%s calls an operation of OpenAPI, with parameters that it has', async (name) => {
    asked.length = 0;
    const method = (podway as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name];
    // Arguments of all kinds: texts stand for names and ids, `{}` for requests.
    const given = ARGUMENTS[name] ?? ['x', {}, {}];
    await method?.call(podway, ...given).catch(() => undefined);
    expect(asked, name).toHaveLength(1);
    const [{ method: verb, url }] = asked as [{ method: string; url: URL }];
    const found = operationOf(verb, url.pathname);
    expect(found, `${verb} ${url.pathname}`).toBeDefined();
    const known = (found?.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name);
    expect(known).toEqual(expect.arrayContaining([...url.searchParams.keys()]));
  });
});

/** Where the first argument is no name. */
const ARGUMENTS: Readonly<Record<string, unknown[]>> = {
  publish: [
    new Uint8Array(),
    { pod: 'x', label: 'l', mode: 'together', urgent: true, force: true, reason: 'r' },
  ],
  goBack: [{ pod: 'x' }],
  publishArtifact: [{ pod: 'x', artifact: 'a' }],
  plan: [{ pod: 'x' }],
  artifacts: [{ pod: 'x', limit: 1 }],
  logs: ['x', { after: 1, limit: 1, server: 'x', step: 'Installing', level: 'error', search: 'x' }],
  deployments: [{ pod: 'x', state: 'Queued', limit: 1, before: 'x' }],
  releases: ['x', 1, 2],
  release: ['x', 1],
  markReleaseBad: ['x', 1, 'why'],
  unmarkRelease: ['x', 1],
  diff: ['x', { from: 1, to: 2, limit: 3, after: 'a' }],
  diagnose: ['x'],
  fleet: [{ show: 'x', find: 'x', limit: 1, after: 'x' }],
  applyPods: [{}, { prune: true }],
  keys: [{ client: 'x', limit: 1, before: 'x' }],
  clients: [{ limit: 1, after: 'x' }],
  trusts: [{ client: 'x', limit: 1, before: 'x' }],
  delegations: [{ client: 'x', limit: 1, before: 'x' }],
  audit: [{ client: 'x', action: 'a', limit: 1, after: 1 }],
  verifyAudit: ['1:a'],
  deadLetters: [{ queue: 'x', limit: 1 }],
  operations: [],
};

function operationOf(verb: string, path: string): Operation | undefined {
  const parts = path.split('/');
  const matching = Object.entries(openapi.paths).filter(([template]) => {
    const names = template.split('/');
    return (
      names.length === parts.length && names.every((name, at) => name.startsWith('{') || name === parts[at])
    );
  });
  // A fixed word goes before a parameter.
  matching.sort(([a], [b]) => a.split('{').length - b.split('{').length);
  return matching.map(([, operations]) => operations[verb.toLowerCase()]).find((one) => one !== undefined);
}
