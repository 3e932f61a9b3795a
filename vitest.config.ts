import { defineConfig } from 'vitest/config';

const none = ['**/node_modules/**', '**/dist/**', '**/*.{system,long}.spec.ts'];
/** Files that change what others would import: by a mock, or by a message that is declared. */
const apart = [
  'apps/ingress-gateway/src/api/identity/tenant-wall.spec.ts',
  'libs/pipeline/src/check-saga-table.spec.ts',
];

/** Decorators need legacy semantics and metadata: Nest and class-validator read both. */
export default defineConfig({
  resolve: { conditions: ['podway-source'] },
  ssr: { resolve: { conditions: ['podway-source', 'node', 'default'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    globalSetup: ['tools/test-packages.setup.ts'],
    // Tests wait for servers more than they compute: two files at once, on two cores too.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    unstubEnvs: true,
    // Real processes on a busy machine: one more try, told at the end. What random inputs find is never tried again.
    retry: { count: 1, condition: /^(?!Property failed)/ },
    reporters: ['default', './tools/second-tries.reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'tools/**/*.spec.ts'],
          exclude: [...none, ...apart],
          // What one file has imported is there for the next: otherwise a sixth of the time goes into imports.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'apart', include: apart, exclude: none } },
    ],
  },
});
