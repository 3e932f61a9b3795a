import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Third-party packages that only one library may touch. */
const owned = {
  amqplib: 'lib:messaging',
  'node-ssh': 'lib:hosts',
  ssh2: 'lib:hosts',
  typeorm: 'lib:persistence',
  pg: 'lib:persistence',
  'prom-client': 'lib:telemetry',
  '@opentelemetry/exporter-trace-otlp-http': 'lib:telemetry',
};
const owners = [...new Set(Object.values(owned))];
const bannedFor = (tag) =>
  Object.entries(owned).flatMap(([name, owner]) => (owner === tag ? [] : [name, `${name}/*`]));

/** Who may import whom: docs/architecture.md. */
const allowed = {
  'type:contracts': [],
  'type:pipeline': ['type:contracts'],
  'type:lib': ['type:contracts', 'type:pipeline', 'type:lib'],
  'type:kit': ['type:contracts', 'type:lib'],
  'type:service': ['type:contracts', 'type:pipeline', 'type:lib', 'type:kit'],
  'type:launcher': ['type:contracts', 'type:lib', 'type:kit', 'type:sdk'],
  'type:sdk': ['type:contracts'],
  'type:client-app': ['type:sdk', 'type:contracts'],
  'type:testing': ['type:contracts', 'type:pipeline', 'type:lib', 'type:kit', 'type:sdk'],
};
const plainTags = Object.keys(allowed).filter((tag) => tag !== 'type:lib');

function walls(more = [], options = {}) {
  const depConstraints = [
    ...Object.entries(allowed).map(([sourceTag, tags]) => ({
      sourceTag,
      onlyDependOnLibsWithTags: [...tags, ...more],
    })),
    ...owners.map((tag) => ({ sourceTag: tag, bannedExternalImports: bannedFor(tag) })),
    ...plainTags.map((tag) => ({ sourceTag: tag, bannedExternalImports: bannedFor('') })),
    { sourceTag: 'type:pipeline', bannedExternalImports: ['@nestjs/*', 'rxjs', ...bannedFor('')] },
  ];
  const plain = { allow: [], enforceBuildableLibDependency: false, banTransitiveDependencies: false };
  return ['error', { ...plain, depConstraints, ...options }];
}

/** Tests may use what is made for tests, which itself stands on the libraries that it helps to test. */
const testFiles = ['**/*.spec.ts', '{apps,libs}/*/test/**/*.ts', 'libs/testing/**/*.ts', 'e2e/**/*.ts'];
const testing = '@podway/testing';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'docs/**'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    rules: {
      '@nx/enforce-module-boundaries': walls(),
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Settings are read in settings classes only (libs/service-kit).',
        },
      ],
    },
  },
  // Libraries that own no package: none of them for these either.
  ...['artifacts', 'balancing', 'installers', 'probes', 'state'].map((name) => ({
    files: [`libs/${name}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { paths: Object.keys(owned) }] },
  })),
  // The contracts as a whole bring their validators: in a browser only their types are wanted, and what is plain.
  {
    files: ['apps/dashboard/src/**/*.{ts,tsx}', 'libs/sdk/src/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@podway/contracts',
              allowTypeImports: true,
              message: 'Values: @podway/contracts/plain.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/service-kit/src/settings.ts', 'apps/cli/**/*.ts', 'tools/**/*.ts', ...testFiles],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: testFiles,
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@nx/enforce-module-boundaries': walls(['type:testing'], {
        ignoredCircularDependencies: [
          [testing, '*'],
          ['*', testing],
        ],
      }),
    },
  },
);
