export type { Probe, ProbeFinding, ProbeTarget } from './probe.js';
export { runChecks, verdictOf } from './run-checks.js';
