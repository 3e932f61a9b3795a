export type { Probe, ProbeFinding, ProbeTarget } from './probe.js';
export { runChecks, verdictOf } from './run-checks.js';
export {
  checksOf,
  comparesWithOthers,
  forEveryServer,
  type ManifestSource,
  type ReleaseChecks,
} from './checks-of.js';
export { explain } from './explain.js';
export { logEvidence } from './log-evidence.js';
