import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Third-party packages that only one library may touch. */
const owned = {
  amqplib: 'lib:messaging',
  'node-ssh': 'lib:hosts',
  ssh2: 'lib:hosts',
  typeorm: 'lib:persistence',
  pg: 'lib:persistence',
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

const everywhere = Object.entries(allowed).map(([sourceTag, tags]) => ({
  sourceTag,
  onlyDependOnLibsWithTags: tags,
}));
const external = [
  ...owners.map((tag) => ({ sourceTag: tag, bannedExternalImports: bannedFor(tag) })),
  ...Object.keys(allowed)
    .filter((tag) => tag !== 'type:lib')
    .map((tag) => ({ sourceTag: tag, bannedExternalImports: bannedFor('') })),
];
const pure = [
  { sourceTag: 'type:pipeline', bannedExternalImports: ['@nestjs/*', 'rxjs', 'amqplib', 'pg', 'typeorm'] },
];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'docs/**', '**/*.generated.*'] },
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: [],
          depConstraints: [...everywhere, ...external, ...pure],
          enforceBuildableLibDependency: false,
          banTransitiveDependencies: false,
        },
      ],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-non-null-assertion': 'error',
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
  // libs without an owned package: none of them, for plain libraries too.
  ...['artifacts', 'balancing', 'installers', 'probes', 'state'].map((name) => ({
    files: [`libs/${name}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { paths: Object.keys(owned) }] },
  })),
  {
    files: [
      'libs/service-kit/src/settings.ts',
      '**/*.spec.ts',
      'libs/testing/**/*.ts',
      'e2e/**/*.ts',
      'tools/**/*.ts',
      'apps/cli/**/*.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.spec.ts', 'libs/*/test/**/*.ts', 'libs/testing/**/*.ts', 'e2e/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
