import type { LoadBalancer } from '@podway/balancing';
import {
  PodConfirmed,
  PodDiverged,
  PodwayError,
  type Check,
  type ConfirmPod,
  type PodSpec,
  type ProbeEvidence,
  type ServerOutcome,
  type StepOutcome,
  type Verdict,
} from '@podway/contracts';
import type { Updates } from '@podway/persistence';
import { checksOf, explain, forEveryServer, logEvidence, runChecks, verdictOf } from '@podway/probes';
import {
  failureOf,
  isFenced,
  outcomeOf,
  type PodServer,
  type PodServers,
  type StepWork,
} from '@podway/service-kit';
import type { StateDriver, StepContext } from '@podway/state';

const codes = {
  failed: 'CONFIRMATION.PROBE_FAILED',
  error: 'CONFIRMATION.PROBE_ERROR',
  inconclusive: 'CONFIRMATION.PROBE_INCONCLUSIVE',
} as const satisfies Record<Exclude<Verdict, 'passed'>, string>;

interface Finding {
  outcome: ServerOutcome;
  evidence: ProbeEvidence[];
  /** The server could not be looked at; it may be possible later. */
  mayPass?: boolean;
}

/** Servers are not as expected. Retryable when that could only not be found out. */
export class DivergedError extends PodwayError {
  constructor(
    readonly server: ServerOutcome,
    readonly servers: ServerOutcome[],
    readonly evidence: ProbeEvidence[],
    retryable: boolean,
  ) {
    const detail = explain(evidence) || `${server.name}: ${server.detail ?? 'no reason known'}`;
    super(server.code ?? 'CONFIRMATION.DIVERGED', detail, { retryable, details: { server: server.name } });
  }
}

/** Proves that the POD's servers are on one state, that it is the expected one, and that all are in rotation. */
export class Confirming implements StepWork<ConfirmPod> {
  constructor(
    private readonly servers: PodServers,
    private readonly driver: StateDriver,
    private readonly balancer: LoadBalancer,
    private readonly updates: Updates,
  ) {}

  async execute(command: ConfirmPod, context: StepContext): Promise<StepOutcome> {
    const pod = await this.servers.pod(command);
    // Probes decide on a new release. The state before may have failed them already: it is put back all the same.
    const { checks } =
      command.expected === 'release' ? await checksOf(pod, command.source, this.updates) : { checks: [] };
    const inRotation = await this.balancer.inRotation(pod);
    const findings = await Promise.all(
      command.servers.map((name) =>
        this.prove(pod, name, forEveryServer(checks), inRotation, command, context),
      ),
    );
    // All are proved before the first is left to itself: a watchdog that still stands guards against our own end.
    if (findings.every((finding) => finding.outcome.result !== 'failed')) {
      await Promise.all(findings.map(({ outcome }) => this.settle(pod, outcome, command, context)));
    }
    const servers = findings.map((finding) => finding.outcome);
    const evidence = findings.flatMap((finding) => finding.evidence);
    const bad = findings.filter((finding) => finding.outcome.result === 'failed');
    const [first] = bad;
    if (!first) return outcomeOf(PodConfirmed, command, { servers, evidence });
    const retryable = bad.every((finding) => finding.mayPass === true);
    throw new DivergedError(first.outcome, servers, evidence, retryable);
  }

  failed(command: ConfirmPod, error: PodwayError): PodDiverged {
    if (!(error instanceof DivergedError)) {
      return failureOf(PodDiverged, command, error, { servers: [], evidence: [] });
    }
    const { server, servers, evidence } = error;
    return failureOf(PodDiverged, command, error, { server: server.name, servers, evidence });
  }

  private async prove(
    pod: PodSpec,
    name: string,
    checks: Check[],
    inRotation: readonly string[],
    command: ConfirmPod,
    context: StepContext,
  ): Promise<Finding> {
    try {
      const server = await this.servers.connect(pod, name);
      const finding = await this.proveConnected(pod, server, checks, inRotation, command, context);
      return logged(finding, context);
    } catch (error) {
      if (!(error instanceof PodwayError) || isFenced(error)) throw error;
      return logged({ ...failing(name, error.code, error.message), mayPass: error.retryable }, context);
    }
  }

  private async proveConnected(
    pod: PodSpec,
    server: PodServer,
    checks: Check[],
    inRotation: readonly string[],
    command: ConfirmPod,
    context: StepContext,
  ): Promise<Finding> {
    const { name, spec, session, path } = server;
    context.progress('proving the state', { server: name });
    const live = await this.driver.fingerprint(server, undefined);
    if (live.fingerprint !== command.fingerprint || live.treeId !== command.treeId) {
      return failing(
        name,
        'CONFIRMATION.DIVERGED',
        `expected ${command.fingerprint}, found ${live.fingerprint}`,
      );
    }
    if (!inRotation.includes(name))
      return failing(name, 'CONFIRMATION.NOT_IN_ROTATION', 'the server is not in rotation');
    const evidence = await runChecks(
      checks,
      { server: spec, session, path, hosts: pod.hosts ?? [] },
      context.signal,
      logEvidence(context.log),
    );
    const verdict = verdictOf(evidence);
    if (verdict !== 'passed') return { ...failing(name, codes[verdict], explain(evidence)), evidence };
    return { outcome: { name, result: 'unchanged', fingerprint: live.fingerprint }, evidence };
  }

  /** The server is where it should be: nothing restores it any more, and its release is a good one to go back to. */
  private async settle(
    pod: PodSpec,
    outcome: ServerOutcome,
    command: ConfirmPod,
    context: StepContext,
  ): Promise<void> {
    // A fresh connection: a watchdog is disarmed only by somebody who can reach the server now.
    const server = await this.servers.connectAfresh(pod, outcome.name);
    try {
      const told = await this.driver.disarmWatchdog(server, command.deploymentId);
      // After a roll-back a watchdog that fired has only done the same.
      if (told === 'fired' && command.expected === 'release') {
        const code = 'CONFIRMATION.WATCHDOG_FIRED';
        Object.assign(outcome, {
          result: 'failed',
          code,
          detail: 'the server has restored itself in the meantime',
        });
      } else if (command.treeId !== undefined) {
        await this.driver.complete(server, context, { treeId: command.treeId });
      }
    } finally {
      await server.session.close();
    }
  }
}

/** What the checks have found is in the log already, each by itself. */
function logged(finding: Finding, { log }: StepContext): Finding {
  const { name: server, code = '', detail = '', fingerprint = '', result } = finding.outcome;
  const failed = result === 'failed';
  const text = failed ? `${code}: ${detail}` : `proved: ${fingerprint}`;
  log.say({ server, part: 'state', level: failed ? 'error' : 'info', text });
  return finding;
}

function failing(name: string, code: string, detail: string): Finding {
  return { outcome: { name, result: 'failed', code, detail: detail.slice(0, 2000) }, evidence: [] };
}
