import type { Check } from '@podway/contracts';
import type { ExecResult } from '@podway/hosts';
import type { Probe, ProbeFinding, ProbeTarget } from './probe.js';

const MAX_OUTPUT_BYTES = 1024 * 1024;
const SHOWN_CHARACTERS = 1000;
/** Fixed: folder, program and arguments come as its parameters. */
const IN_FOLDER = 'cd -- "$1" || exit 126; shift; exec "$@"';

/** Runs a program on the server, in the live tree. */
export class CommandProbe implements Probe {
  readonly kind = 'command';

  describe({ run = [] }: Check): string {
    return `command ${run.join(' ')}`;
  }

  async run(check: Check, target: ProbeTarget, signal: AbortSignal): Promise<ProbeFinding> {
    const { run = [], expectText } = check;
    if (!run[0]) return { verdict: 'error', detail: 'the check names no program to run' };
    const argv = ['sh', '-c', IN_FOLDER, 'sh', `${target.path}/current`, ...run];
    // The signal ends it: how long a try may take is known where tries are counted.
    const result = await target.session.exec(argv, {
      signal,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      timeoutMs: 3_600_000,
    });
    return judged(result, expectText);
  }
}

function judged(result: ExecResult, expectText: string | undefined): ProbeFinding {
  const { code, signal, stdout } = result;
  if (code === null)
    return { verdict: 'error', detail: `ended by the signal ${signal ?? 'unknown'}${shown(result)}` };
  if (code > 125) return { verdict: 'error', detail: `could not be run (exit code ${code})${shown(result)}` };
  if (code > 0) return { verdict: 'failed', detail: `exit code ${code}${shown(result)}` };
  if (expectText !== undefined && !stdout.includes(expectText)) {
    return {
      verdict: 'failed',
      detail: `exit code 0, but ${JSON.stringify(expectText)} is not in the output`,
    };
  }
  return { verdict: 'passed', detail: 'exit code 0' };
}

function shown({ stdout, stderr }: ExecResult): string {
  const text = (stderr.trim() || stdout.trim()).slice(-SHOWN_CHARACTERS);
  return text === '' ? '' : `: ${text}`;
}
