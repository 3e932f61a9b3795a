import type { AccessDefaults } from '../src/accesses/access-policy.js';

/** What PODs of tests leave to the settings. */
export const accessDefaults: AccessDefaults = {
  failedMs: 5_000,
  maxBodyBytes: 1_048_576,
  requestTimeoutMs: 60_000,
  responseTimeoutMs: 10_000,
};
