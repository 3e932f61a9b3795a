import { defineConfig } from 'vitest/config';

/** Decorators need legacy semantics and metadata: Nest and class-validator read both. */
export default defineConfig({
  resolve: { conditions: ['podway-source'] },
  ssr: { resolve: { conditions: ['podway-source', 'node', 'default'] } },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    globalSetup: ['tools/test-packages.setup.ts'],
    include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'tools/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.system.spec.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
