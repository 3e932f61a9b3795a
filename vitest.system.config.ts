import { defineConfig } from 'vitest/config';
import LongestFirst from './tools/longest-first.sequencer.js';
import base from './vitest.config.js';

/** Tests of the whole: real RabbitMQ, PostgreSQL, OpenSSH servers and loop devices, each service a process of its own. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    projects: undefined,
    include: ['e2e/**/*.spec.ts', 'libs/**/*.system.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.spec.ts'],
    // Two files at once, as in the base, the longest first.
    sequence: { sequencer: LongestFirst },
    // Long enough for the first test of all, which builds the Debian roots that later ones find.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
