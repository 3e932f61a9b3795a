import type { Check } from '@podway/contracts';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

/** Compares the SHA-256 of one file of the live tree. */
export class FingerprintProbe implements Probe {
  readonly kind = 'fingerprint';

  describe({ file = '' }: Check): string {
    return `fingerprint ${file}`;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    const { file, sha256 } = check;
    if (!file || !sha256) return { verdict: 'error', detail: 'the check names no file or no sha256' };
    const argv = ['sha256sum', '--', `${target.path}/current/${file}`];
    const { code, stdout, stderr } = await target.session.exec(argv, { signal, timeoutMs: 3_600_000 });
    if (code === 1) return { verdict: 'failed', detail: stderr.trim() || 'the file cannot be read' };
    // A backslash in front marks an escaped file name.
    const found = /^\\?([0-9a-f]{64}) /.exec(stdout)?.[1];
    if (code !== 0 || !found)
      return { verdict: 'error', detail: `sha256sum could not be run: ${stderr.trim()}` };
    if (found !== sha256) return { verdict: 'failed', detail: `${found} instead of ${sha256}` };
    return { verdict: 'passed', detail: found };
  }
}
