import { defineConfig } from 'vitest/config';
import system from './vitest.system.config.js';

/** Tests of the whole that take minutes each: what is large, emulated, or tried at every point and with every tool. */
export default defineConfig({
  ...system,
  test: {
    ...system.test,
    include: ['e2e/**/*.long.spec.ts', 'libs/**/*.long.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
  },
});
