import type { LogLevel, ProbeEvidence, Verdict } from '@podway/contracts';
import type { StepLog } from '@podway/state';

const levels: Readonly<Record<Verdict, LogLevel>> = {
  passed: 'info',
  inconclusive: 'warning',
  failed: 'error',
  error: 'error',
};

/** Writes down what a check has found, each time that it is made. */
export function logEvidence(log: StepLog): (evidence: ProbeEvidence) => void {
  return ({ server, probe, verdict, detail, durationMs }) => {
    const said = detail === '' ? '' : `: ${detail}`;
    log.say({
      server,
      part: probe,
      level: levels[verdict],
      text: `${verdict} after ${durationMs} ms${said}`,
    });
  };
}
