import { PodwayError } from '@podway/contracts';

/** This machine does not let us make servers. */
export class DebianServersUnavailableError extends PodwayError {
  constructor(why: string) {
    super('TESTING.DEBIAN_SERVERS_UNAVAILABLE', `Debian test servers cannot be made here: ${why}`);
  }
}

/** A program that makes, runs or looks into test servers has failed. */
export class ToolFailedError extends PodwayError {
  constructor(argv: readonly string[], outcome: string, stderr: string) {
    super('TESTING.TOOL_FAILED', `${argv.join(' ')}: ${outcome}: ${stderr.trim().slice(-4_000)}`, {
      details: { argv, outcome, stderr: stderr.slice(-4_000) },
    });
  }
}
