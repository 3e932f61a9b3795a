import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { BundleManifest } from './bundle-manifest.js';
import { installerKinds } from './component.js';

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
const withPackages = (changes: object) =>
  manifest({ components: [{ name: 'packages', installer: 'deb', ...changes }] });
const withSql = (changes: object) => {
  const sql = {
    name: 'schema',
    installer: 'sql',
    engine: 'mariadb',
    database: 'shop',
    script: '4.sql',
    version: '4',
  };
  return manifest({ components: [{ ...sql, ...changes }] });
};
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
    [
      'all prerequisites',
      manifest({
        prerequisites: {
          ...{ diskFreeMb: 1, memoryMb: 512, cpus: 2, freePorts: [8080, 65535], commands: [] },
          os: [{ id: 'debian', version: '12' }, { id: 'ubuntu' }],
        },
      }),
    ],
    [
      'variables, conditions and needs, also of what comes later',
      manifest({
        variables: [
          { name: 'edition', description: 'what was bought', default: 'basic', pattern: 'basic|pro' },
          { name: 'db-password', secret: true, required: true },
        ],
        components: [
          { ...content, needs: ['setup'] },
          { ...setup, when: { variable: 'edition', is: ['pro', ''], os: ['debian'], region: ['eu'] } },
        ],
      }),
    ],
    [
      'Debian packages',
      withPackages({
        ...{ packages: ['nginx=1.22.1-9+deb12u1', 'libc6:i386=1:2.36-9'], files: ['debs/shop.deb'] },
        ...{ conffiles: 'replace', repair: true, timeoutMs: 60_000 },
      }),
    ],
    [
      'packages of other systems',
      manifest({
        variables: [{ name: 'edition' }],
        components: [
          { name: 'one', installer: 'rpm', files: ['a.rpm', 'b.rpm'], repair: true },
          {
            name: 'two',
            installer: 'msi',
            files: ['a.msi'],
            properties: { A: 'x', B: { variable: 'edition' } },
          },
          { name: 'three', installer: 'msi', url: 'https://files.example/a.msi', sha256: 'a'.repeat(64) },
        ],
      }),
    ],
    ['a schema, forth', withSql({})],
    [
      'a schema, back',
      withSql({ expectedVersion: '3', down: '4-down.sql', direction: 'down', timeoutMs: 1000 }),
    ],
    [
      'an archive from somewhere else',
      withComponent({ url: 'https://files.example/a/b.tar.gz?x=1', sha256: 'a'.repeat(64), maxBytes: 1000 }),
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
  ['another installer', withComponent({ installer: 'zip' }), `components.0.installer: must be one of the following values: ${installerKinds.join(', ')}`],
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
  ['a system as text', manifest({ prerequisites: { os: ['debian'] } }), 'prerequisites.os.0: must be an object'],
  ['a version of a system as a number', manifest({ prerequisites: { os: [{ id: 'debian', version: 12 }] } }), "prerequisites.os.0.version: must be a VERSION_ID of os-release in quotes, like '12'"],
  ['a port that is none', manifest({ prerequisites: { freePorts: [0] } }), 'prerequisites.freePorts: each value in freePorts must not be less than 1'],
  ['a variable by a bad name', manifest({ variables: [{ name: 'DB_PASSWORD' }] }), 'variables.0.name: must be a name like db-password: a-z, 0-9 and single -'],
  ['a variable twice', manifest({ variables: [{ name: 'a' }, { name: 'a', secret: true }] }), 'variables: the name a is there twice'],
  ['a secret with a default', manifest({ variables: [{ name: 'a', secret: true, default: 'x' }] }), 'variables.0.name: a secret has no default'],
  ['a pattern that is none', manifest({ variables: [{ name: 'a', pattern: '(' }] }), 'variables.0.name: pattern is not a regular expression'],
  ['a need that is not there', manifest({ components: [{ ...content, needs: ['other'] }] }), 'components: content needs other, which is not there'],
  ['needs in a circle', manifest({ components: [{ ...content, needs: ['setup'] }, { ...setup, needs: ['content'] }] }), 'components: content, setup need each other'],
  ['a need of itself', withComponent({ needs: ['content'] }), 'components: content need each other'],
  ['a condition that asks nothing', withComponent({ when: {} }), 'components: content: when asks nothing'],
  ['a condition without values', withComponent({ when: { variable: 'a' } }), 'components: content: when needs both variable and is'],
  ['a condition about an unknown variable', withComponent({ when: { variable: 'a', is: ['b'] } }), 'components: content: when: a is not a variable of this bundle that may be asked for'],
  ['a condition about a secret', manifest({ variables: [{ name: 'a', secret: true }], components: [{ ...content, when: { variable: 'a', is: ['b'] } }] }), 'components: content: when: a is not a variable of this bundle that may be asked for'],
  ['a condition of another form', withComponent({ when: { os: ['debian'], unless: 'x' } }), 'components.0.when.unless: is not known here'],
  ['packages of nowhere', withPackages({}), 'components.0.installer: deb needs packages, files or url'],
  ['a package without a version', withPackages({ packages: ['nginx'] }), 'components.0.packages: must be packages with versions, like nginx=1.22.1-9+deb12u1'],
  ['an option for a package', withPackages({ packages: ['--purge=1'] }), 'components.0.packages: must be packages with versions, like nginx=1.22.1-9+deb12u1'],
  ['a package outside of the bundle', withPackages({ files: ['../x.deb'] }), `components.0.files: ${relative}`],
  ['packages for an archive', withComponent({ packages: ['nginx=1'] }), 'components.0.installer: archive takes no packages'],
  ['an msi of two files', withPackages({ installer: 'msi', files: ['a.msi', 'b.msi'] }), 'components.0.installer: msi takes one file; others are components of their own'],
  ['an rpm of nowhere', withPackages({ installer: 'rpm' }), 'components.0.installer: rpm needs either files or url'],
  ['a private property', withPackages({ installer: 'msi', files: ['a.msi'], properties: { Edition: 'x' } }), 'components.0.properties: Edition is not the name of a public property'],
  ['a property with quotation marks', withPackages({ installer: 'msi', files: ['a.msi'], properties: { EDITION: 'a"b' } }), 'components.0.properties: EDITION must be text in one line without ", or {variable: name}'],
  ['a property that is a secret', manifest({ variables: [{ name: 'a', secret: true }], components: [{ name: 'a', installer: 'msi', files: ['a.msi'], properties: { A: { variable: 'a' } } }] }), 'components: a: properties: a is not a variable of this bundle that may be shown'],
  ['a script without a version', withSql({ version: undefined }), 'components.0.installer: sql needs version'],
  ['a version as a number', withSql({ version: 4 }), "components.0.version: must be a version in quotes, like '4'"],
  ['a version that is SQL', withSql({ version: "4'; --" }), "components.0.version: must be a version in quotes, like '4'"],
  ['a database that is an option', withSql({ database: '-x' }), 'components.0.database: must be the name of a database: at most 48 of a-z, 0-9 and _'],
  ['down without a script', withSql({ direction: 'down' }), 'components.0.installer: direction: down needs down'],
  ['a version that stays', withSql({ expectedVersion: '4' }), 'components.0.installer: version and expectedVersion are the same'],
  ['a variable of our own', manifest({ variables: [{ name: 'podway-name' }] }), 'variables.0.name: names with podway- are our own'],
  ['a URL without its digest', withComponent({ url: 'https://files.example/x' }), 'components.0.name: url and sha256 go together'],
  ['a URL with a password', withComponent({ url: 'https://me:secret@files.example/x', sha256: 'a'.repeat(64) }), 'components.0.url: must be an http or https URL without user, password and #'],
  ['a file URL', withComponent({ url: 'file:///etc/passwd', sha256: 'a'.repeat(64) }), 'components.0.url: must be an http or https URL without user, password and #'],
  ['a list of prerequisites', manifest({ prerequisites: [] }), 'prerequisites: must be one object, not a list'],
];

describe('a bad podway.yaml', () => {
  it.each(bad)('%s', (_, plain, told) => {
    expect(problemsOf(plain)).toEqual([told]);
  });

  // What is between entries of lists, and what a pattern is, cannot be said in JSON Schema; that null is nothing, it could.
  const unsaid = [
    ...[
      'a script with null to run',
      'a variable twice',
      'a pattern that is none',
      'a need that is not there',
    ],
    ...['needs in a circle', 'a need of itself'],
    ...[
      'a condition about an unknown variable',
      'a condition about a secret',
      'a property that is a secret',
      'a version that stays',
    ],
  ];
  it.each(bad.filter(([what]) => !unsaid.includes(what)))('editors see it: %s', (_, plain) => {
    expect(matchesSchema(JSON.parse(JSON.stringify(plain)))).toBe(false);
  });
});
