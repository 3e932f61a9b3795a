import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { BundleManifest } from './bundle-manifest.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../../schemas/podway.schema.json', import.meta.url), 'utf8'),
) as object;
const matchesSchema = new Ajv2020({ strict: false }).compile(schema);

const content = { name: 'content', installer: 'archive' };
const setup = { name: 'setup', installer: 'script', run: ['./setup.sh'] };
const manifest = (changes: object = {}) => ({
  apiVersion: 'podway/v1',
  name: 'shop',
  version: '1.4.0',
  components: [content],
  ...changes,
});
const withComponent = (changes: object) => manifest({ components: [{ ...content, ...changes }] });
const withScript = (changes: object) => manifest({ components: [{ ...setup, ...changes }] });

function problemsOf(plain: object): readonly string[] {
  try {
    validated(BundleManifest, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

describe('a good podway.yaml', () => {
  it.each([
    ['an archive without source: the whole bundle', manifest()],
    ['a script', withScript({ timeoutMs: 1000 })],
    [
      'everything',
      manifest({
        target: { pod: 'shop' },
        components: [{ ...content, source: 'site', to: 'public/', mode: 'merge' }, setup],
        checks: [{ probe: 'http', path: '/health' }],
        prerequisites: { diskFreeMb: 100, commands: ['php', 'g++'] },
      }),
    ],
  ])('%s', (_, plain) => {
    expect(problemsOf(plain)).toEqual([]);
    expect(matchesSchema(plain), JSON.stringify(matchesSchema.errors)).toBe(true);
  });
});

const program = 'must be a list of a program and its arguments, like [systemctl, reload, nginx]';
const relative = 'must be a relative path without empty, . and .. parts';

/** What people write, and what they are told. */
// prettier-ignore
const bad: [string, object, string][] = [
  ['a version as a number', manifest({ version: 1.4 }), "version: must be text: put it in quotes, like '1.0'"],
  ['no version', manifest({ version: undefined }), 'version: is missing'],
  ['no components', manifest({ components: undefined }), 'components: is missing'],
  ['an empty list of components', manifest({ components: [] }), 'components: must contain at least 1 elements'],
  ['components by name', manifest({ components: { content } }), 'components: must be an array'],
  ['a component as text', manifest({ components: ['archive'] }), 'components.0: must be an object'],
  ['a component twice', manifest({ components: [content, content] }), 'components: the name content is there twice'],
  ['another installer', withComponent({ installer: 'zip' }), 'components.0.installer: must be one of the following values: archive, script'],
  ['a script without run', withScript({ run: undefined }), 'components.0.installer: script needs run'],
  ['a script with null to run', withScript({ run: null }), 'components.0.installer: script needs run'],
  ['a script with nothing to run', withScript({ run: [] }), `components.0.run: ${program}`],
  ['a command line', withScript({ run: './setup.sh --now' }), `components.0.run: ${program}`],
  ['a script with a source', withScript({ source: 'site' }), 'components.0.installer: script takes no source'],
  ['an archive that runs', withComponent({ run: ['x'], timeoutMs: 100 }), 'components.0.installer: archive takes no run and no timeoutMs'],
  ['an endless script', withScript({ timeoutMs: 86_400_001 }), 'components.0.timeoutMs: must not be greater than 86400000'],
  ['a source outside', withComponent({ source: '../site' }), `components.0.source: ${relative}`],
  ['a target outside', withComponent({ to: 'a/\u2028/../../../etc' }), `components.0.to: ${relative}`],
  ['another mode', withComponent({ mode: 'overwrite' }), 'components.0.mode: must be one of the following values: replace, merge'],
  ['a POD as text', manifest({ target: 'shop' }), 'target: must be an object'],
  ['a list of targets', manifest({ target: [{ pod: 'shop' }] }), 'target: must be one object, not a list'],
  ['a check without what it needs', manifest({ checks: [{ probe: 'command' }] }), 'checks.0.probe: command needs run'],
  ['one program as text', manifest({ prerequisites: { commands: 'php' } }), 'prerequisites.commands: must be an array'],
  ['a path for a program', manifest({ prerequisites: { commands: ['/bin/sh;ls'] } }), 'prerequisites.commands: must be names of programs'],
  ['a list of prerequisites', manifest({ prerequisites: [] }), 'prerequisites: must be one object, not a list'],
];

describe('a bad podway.yaml', () => {
  it.each(bad)('%s', (_, plain, told) => {
    expect(problemsOf(plain)).toEqual([told]);
  });

  // Unique by name cannot be said in JSON Schema; that null is nothing, it could.
  it.each(bad.filter(([what]) => what !== 'a script with null to run'))('editors see it: %s', (_, plain) => {
    expect(matchesSchema(JSON.parse(JSON.stringify(plain)))).toBe(false);
  });
});
