import type { Check } from '@podway/contracts';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';
import { verdictOfError } from './verdict-of-error.js';

/** One try within its time. Rejects only with the reason of `signal`. */
export async function tryOnce(
  probe: Probe,
  check: Check,
  target: ProbeTarget,
  signal?: AbortSignal,
): Promise<ProbeFinding> {
  signal?.throwIfAborted();
  const timeoutMs = probe.limitMs?.(check) ?? check.timeoutMs ?? 5_000;
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), timeoutMs);
  const onAbort = (): void => time.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const finding = await probe.run(check, target, time.signal);
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
