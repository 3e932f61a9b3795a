import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Tests of the whole: real RabbitMQ, PostgreSQL, OpenSSH servers and loop devices, each service a process of its own. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      include: ['e2e/**/*.spec.ts', 'libs/**/*.system.spec.ts'],
      // One after another: two cores, and each file brings up a fleet of its own.
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  }),
);
