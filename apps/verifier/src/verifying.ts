import type { LoadBalancer } from '@podway/balancing';
import {
  type PodwayError,
  VerificationFailed,
  VerificationInconclusive,
  VerificationPassed,
  type PodSpec,
  type ProbeEvidence,
  type StepOutcome,
  type Verdict,
  type VerifyServer,
} from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import {
  checksOf,
  comparesWithOthers,
  explain,
  logEvidence,
  runChecks,
  verdictOf,
  type ProbeTarget,
  type ReleaseChecks,
} from '@podway/probes';
import {
  failureOf,
  outcomeOf,
  watchdogMsOf,
  withWatchdogFed,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';
import { baked } from './baking.js';
import { othersOf } from './others-of.js';

/** What a verdict other than passed is told as. */
const told = {
  failed: { type: VerificationFailed, code: 'VERIFICATION.FAILED' },
  error: { type: VerificationInconclusive, code: 'VERIFICATION.ERROR' },
  inconclusive: { type: VerificationInconclusive, code: 'VERIFICATION.INCONCLUSIVE' },
} as const satisfies Record<Exclude<Verdict, 'passed'>, object>;

/** FIG. 2, 214: is the canary what the update promised? The installer's own word does not count. */
export class Verifying implements StepWork<VerifyServer> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
    private readonly updates: Updates,
  ) {}

  async execute(command: VerifyServer, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    const canary = await this.servers.connect(pod, command.canary);
    const watchdogMs = watchdogMsOf(pod);
    const evidence = await withWatchdogFed(this.driver, canary, context, { watchdogMs }, (signal) =>
      this.look(pod, canary, command, context, signal),
    );
    const verdict = verdictOf(evidence);
    if (verdict === 'passed') {
      return outcomeOf(VerificationPassed, command, { fingerprint: command.fingerprint, evidence });
    }
    const { type, code } = told[verdict];
    return outcomeOf(type, command, { code, detail: explain(evidence), server: command.canary, evidence });
  }

  /** The verifier itself could not work: nothing is known about the canary. */
  failed(command: VerifyServer, error: PodwayError): VerificationInconclusive {
    return failureOf(VerificationInconclusive, command, error, { server: command.canary, evidence: [] });
  }

  /** The state, the checks, the checks again for the time of watching, and the state at its end. */
  private async look(
    pod: PodSpec,
    canary: PodServer,
    command: VerifyServer,
    context: StepContext,
    signal: AbortSignal,
  ): Promise<ProbeEvidence[]> {
    const log = logEvidence(context.log);
    const before = await this.stateEvidence(canary, command, log);
    const release = await checksOf(pod, command.source, this.updates);
    const target = await this.target(pod, canary, command, release);
    context.progress(announced(release), { server: canary.name });
    const round = (): Promise<ProbeEvidence[]> => runChecks(release.checks, target, signal, log);
    const first = await round();
    const { bakeMs = 0, everyMs = 5_000 } = pod.policy?.verification ?? {};
    if (bakeMs === 0 || verdictOf([before, ...first]) !== 'passed') return [before, ...first];
    const watched = await baked(first, round, { bakeMs, everyMs, server: canary.name }, context, signal);
    return [await this.stateEvidence(canary, command, log), ...watched];
  }

  /** The state on the canary is the one installed: nobody has changed it since. */
  private async stateEvidence(
    canary: PodServer,
    command: VerifyServer,
    log: (evidence: ProbeEvidence) => void,
  ): Promise<ProbeEvidence> {
    const startedAt = Date.now();
    const live = await this.driver.fingerprint(canary, undefined);
    const same = live.treeId === command.treeId && live.fingerprint === command.fingerprint;
    const evidence: ProbeEvidence = {
      server: canary.name,
      probe: 'fingerprint of the live state',
      verdict: same ? 'passed' : 'failed',
      detail: same ? live.fingerprint : `expected ${command.fingerprint}, found ${live.fingerprint}`,
      durationMs: Date.now() - startedAt,
    };
    log(evidence);
    return evidence;
  }

  private async target(
    pod: PodSpec,
    { name, spec, session, path }: PodServer,
    { treeId }: VerifyServer,
    { checks }: ReleaseChecks,
  ): Promise<ProbeTarget> {
    const parts = { servers: this.servers, driver: this.driver, balancer: this.balancer };
    const others = checks.some(comparesWithOthers)
      ? await othersOf(pod, { server: name, treeId }, parts)
      : [];
    const url = pod.policy?.verification?.metricsUrl;
    return {
      ...{ server: spec, session, path, hosts: pod.hosts ?? [], others },
      ...(url === undefined ? {} : { metrics: { url, pod: pod.name, client: pod.client } }),
    };
  }
}

function announced({ checks, leftOut }: ReleaseChecks): string {
  const left = leftOut === 0 ? '' : `; ${leftOut} of the release are not allowed any more and not made`;
  return `running ${checks.length} checks${left}`;
}
