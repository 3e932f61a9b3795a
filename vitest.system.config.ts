import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Tests of the whole: real RabbitMQ, PostgreSQL, OpenSSH servers and loop devices, each service a process of its own. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    // Not merged: `mergeConfig` joins lists, and would keep what the base leaves out.
    include: ['e2e/**/*.spec.ts', 'libs/**/*.system.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // One after another: two cores, and each file brings up a fleet of its own.
    fileParallelism: false,
    // Long enough for the first test of all, which builds the Debian roots that later ones find.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
