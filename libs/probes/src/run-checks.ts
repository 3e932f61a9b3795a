import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, ProbeEvidence, ProbeKind, Verdict } from '@podway/contracts';
import { CommandProbe } from './command-probe.js';
import { ComparisonProbe } from './comparison-probe.js';
import { FingerprintProbe } from './fingerprint-probe.js';
import { HttpProbe } from './http-probe.js';
import { MetricProbe } from './metric-probe.js';
import { sampled } from './sample-set.js';
import { TcpProbe } from './tcp-probe.js';
import { tryOnce } from './try-once.js';
import type { Probe, ProbeTarget } from './probe.js';

const probes: Readonly<Record<ProbeKind, Probe>> = {
  http: new HttpProbe(),
  tcp: new TcpProbe(),
  command: new CommandProbe(),
  fingerprint: new FingerprintProbe(),
  comparison: new ComparisonProbe(),
  metric: new MetricProbe(),
};

const MAX_NAME = 300;
const MAX_DETAIL = 2000;
/** Checks of one server at the same time. */
const AT_ONCE = 4;

/**
 * Runs the checks on one server, a few at a time, each as often as it may be tried and has to be measured. The
 * evidence is in the order of the checks; `onEvidence` is told each as it comes. Rejects only with the reason of `signal`;
 * a probe that breaks is evidence, too.
 */
export async function runChecks(
  checks: readonly Check[],
  target: ProbeTarget,
  signal?: AbortSignal,
  onEvidence: (evidence: ProbeEvidence) => void = () => undefined,
): Promise<ProbeEvidence[]> {
  const evidence: ProbeEvidence[] = [];
  const waiting = checks.entries();
  const runner = async (): Promise<void> => {
    for (const [index, check] of waiting) {
      const found = await runCheck(check, target, signal);
      evidence[index] = found;
      onEvidence(found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return evidence;
}

const worst: readonly Verdict[] = ['failed', 'error', 'inconclusive'];

/** failed when anything failed; else error when a probe broke; else inconclusive when one could not tell; else passed. */
export function verdictOf(evidence: readonly { readonly verdict: Verdict }[]): Verdict {
  return worst.find((bad) => evidence.some(({ verdict }) => verdict === bad)) ?? 'passed';
}

async function runCheck(check: Check, target: ProbeTarget, signal?: AbortSignal): Promise<ProbeEvidence> {
  const probe = probes[check.probe];
  const begun = performance.now();
  const finding = await sampled(check, {
    take: () => tryOnce(probe, check, target, signal),
    pause: () => pause(check.intervalMs ?? 500, signal),
  });
  const { verdict, detail, counts, measures = [] } = finding;
  return {
    server: target.server.name,
    probe: (check.name ?? probe.describe(check, target)).slice(0, MAX_NAME),
    verdict,
    detail: detail.slice(0, MAX_DETAIL),
    durationMs: Math.round(performance.now() - begun),
    ...(counts === undefined ? {} : { samples: counts }),
    ...(measures.length === 0 ? {} : { measures: [...measures] }),
  };
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal?.throwIfAborted());
}
