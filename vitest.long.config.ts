import { defineConfig } from 'vitest/config';
import system from './vitest.system.config.js';

/** The tests of the whole that `npm test` leaves out, as it would not end in time on a slow machine: docs/adr/0027. */
export default defineConfig({
  ...system,
  test: {
    ...system.test,
    include: ['e2e/**/*.long.spec.ts', 'libs/**/*.long.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
  },
});
