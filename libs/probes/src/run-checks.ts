import { setTimeout as sleep } from 'node:timers/promises';
import type { Check, ProbeEvidence, ProbeKind, Verdict } from '@podway/contracts';
import { CommandProbe } from './command-probe.js';
import { FingerprintProbe } from './fingerprint-probe.js';
import { HttpProbe } from './http-probe.js';
import { TcpProbe } from './tcp-probe.js';
import { verdictOfError } from './verdict-of-error.js';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

export const probes: Readonly<Record<ProbeKind, Probe>> = {
  http: new HttpProbe(),
  tcp: new TcpProbe(),
  command: new CommandProbe(),
  fingerprint: new FingerprintProbe(),
};

const MAX_NAME = 300;
const MAX_DETAIL = 2000;
/** Checks of one server at the same time. */
const AT_ONCE = 4;

/**
 * Runs the checks on one server, a few at a time, each as often as it may be tried. The evidence is in the order of
 * the checks. Rejects only with the reason of `signal`; a probe that breaks is evidence, too.
 */
export async function runChecks(
  checks: readonly Check[],
  target: ProbeTarget,
  signal?: AbortSignal,
): Promise<ProbeEvidence[]> {
  const evidence: ProbeEvidence[] = [];
  const waiting = checks.entries();
  const runner = async (): Promise<void> => {
    for (const [index, check] of waiting) evidence[index] = await runCheck(check, target, signal);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return evidence;
}

/** failed when anything failed; else inconclusive when anything broke or could not be told; else passed. */
export function verdictOf(
  evidence: readonly { readonly verdict: Verdict }[],
): 'passed' | 'failed' | 'inconclusive' {
  if (evidence.some(({ verdict }) => verdict === 'failed')) return 'failed';
  return evidence.every(({ verdict }) => verdict === 'passed') ? 'passed' : 'inconclusive';
}

async function runCheck(check: Check, target: ProbeTarget, signal?: AbortSignal): Promise<ProbeEvidence> {
  const { tries = 3, intervalMs = 500 } = check;
  const begun = performance.now();
  let finding = await tryOnce(check, target, signal);
  let tried = 1;
  for (; finding.verdict !== 'passed' && tried < tries; tried += 1) {
    await sleep(intervalMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    finding = await tryOnce(check, target, signal);
  }
  const detail = tried > 1 ? `${finding.detail} (try ${tried})` : finding.detail;
  return {
    server: target.server.name,
    probe: (check.name ?? probes[check.probe].describe(check, target)).slice(0, MAX_NAME),
    verdict: finding.verdict,
    detail: detail.slice(0, MAX_DETAIL),
    durationMs: Math.round(performance.now() - begun),
  };
}

async function tryOnce(check: Check, target: ProbeTarget, signal?: AbortSignal): Promise<ProbeFinding> {
  signal?.throwIfAborted();
  const { timeoutMs = 5_000 } = check;
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), timeoutMs);
  const onAbort = (): void => time.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const finding = await probes[check.probe].run(check, target, time.signal);
    signal?.throwIfAborted();
    return finding;
  } catch (error) {
    signal?.throwIfAborted();
    if (time.signal.aborted) return { verdict: 'inconclusive', detail: `no answer in ${timeoutMs} ms` };
    return { verdict: verdictOfError(error), detail: (error as Error).message || String(error) };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
