import {
  type PodwayError,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  type PodSpec,
  type ProbeEvidence,
  type StepOutcome,
  type VerifyServer,
} from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import { runChecks, verdictOf } from '@podway/probes';
import {
  failureOf,
  outcomeOf,
  watchdogMsOf,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { checksOf } from './checks-of.js';
import { explain } from './explain.js';

/** FIG. 2, 214: is the canary what the update promised? The installer's own word does not count. */
export class Verifying implements StepWork<VerifyServer> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly updates: Updates,
  ) {}

  async execute(command: VerifyServer, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    await this.driver.feedWatchdog(canary, context, { watchdogMs: watchdogMsOf(pod) });
    const evidence = [
      await this.stateEvidence(canary, command),
      ...(await this.probe(pod, canary, command, context)),
    ];
    const verdict = verdictOf(evidence);
    if (verdict === 'passed') {
      return outcomeOf(VerificationPassed, command, { fingerprint: command.fingerprint, evidence });
    }
    const type = verdict === 'failed' ? VerificationFailed : VerificationInconclusive;
    const code = verdict === 'failed' ? 'VERIFICATION.FAILED' : 'VERIFICATION.INCONCLUSIVE';
    return outcomeOf(type, command, { code, detail: explain(evidence), server: command.canary, evidence });
  }

  /** The verifier itself could not work: nothing is known about the canary. */
  failed(command: VerifyServer, error: PodwayError): VerificationInconclusive {
    return failureOf(VerificationInconclusive, command, error, { server: command.canary, evidence: [] });
  }

  /** The state on the canary is the one installed: nobody has changed it since. */
  private async stateEvidence(canary: PodServer, command: VerifyServer): Promise<ProbeEvidence> {
    const startedAt = Date.now();
    const live = await this.driver.fingerprint(canary, undefined);
    const same = live.treeId === command.treeId && live.fingerprint === command.fingerprint;
    return {
      server: canary.name,
      probe: 'fingerprint of the live state',
      verdict: same ? 'passed' : 'failed',
      detail: same ? live.fingerprint : `expected ${command.fingerprint}, found ${live.fingerprint}`,
      durationMs: Date.now() - startedAt,
    };
  }

  private async probe(
    pod: PodSpec,
    canary: PodServer,
    command: VerifyServer,
    context: StepContext,
  ): Promise<ProbeEvidence[]> {
    const checks = await checksOf(pod, command.source, this.updates);
    context.progress(`running ${checks.length} checks`, { server: canary.name });
    return runChecks(
      checks,
      { server: canary.spec, session: canary.session, path: canary.path, hosts: pod.hosts ?? [] },
      context.signal,
    );
  }
}
