import type { ProbeEvidence } from '@podway/contracts';

/** What did not pass, for people: one line a probe. */
export function explain(evidence: readonly ProbeEvidence[]): string {
  return evidence
    .filter((one) => one.verdict !== 'passed')
    .map((one) => `${one.server}: ${one.probe}: ${one.verdict}: ${one.detail}`)
    .join('\n')
    .slice(0, 4000);
}
