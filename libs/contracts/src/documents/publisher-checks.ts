import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn, IsOptional, Matches } from 'class-validator';
import { PodwayError } from '../errors.js';
import { Rule, type Unchecked } from '../rules.js';
import { probeKinds, type Check, type ProbeKind } from './checks.js';
import type { PodSpec } from './pods-file.js';

/** What a publisher's check may be unless the POD says otherwise: looks at the server from outside, and at files of the tree. */
const HARMLESS: readonly ProbeKind[] = ['http', 'tcp', 'fingerprint'];

function commandsProblem({ probes, commands }: Unchecked<PublisherChecksSpec>): string | undefined {
  const named = Array.isArray(commands) && commands.length > 0;
  if (!Array.isArray(probes)) return undefined;
  if (probes.includes('command') && !named) return 'command needs commands: the programs that may be run';
  return named && !probes.includes('command') ? 'commands need the probe command' : undefined;
}

/** What the checks in publishers' bundles may be. The POD's own checks are not meant. */
export class PublisherChecksSpec {
  /** Probes that they may use. Default: `http`, `tcp` and `fingerprint`; and `command` when `commands` names some. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @IsIn(probeKinds, { each: true })
  @Rule(commandsProblem)
  probes?: ProbeKind[];

  /** Programs that their `command` checks may run, written as in `run`. Their arguments are the publisher's: a shell here allows all. */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ArrayUnique()
  @Matches(/^[^\u0000-\u001f\u007f]{1,1000}$/, { each: true, message: 'must be programs' })
  commands?: string[];
}

/** An update brings a check that its publisher may not have made on this POD. */
export class CheckNotAllowedError extends PodwayError {
  constructor(pod: string, reasons: readonly string[]) {
    const shown = reasons.slice(0, 5).join('; ');
    super('CHECK.NOT_ALLOWED', `POD ${pod} does not take this update's checks: ${shown}`.slice(0, 2000), {
      details: { pod },
    });
  }
}

/** Refuses an update whose own checks the POD does not allow. @throws CheckNotAllowedError */
export function refuseForbiddenChecks(pod: PodSpec, checks: readonly Check[] | undefined): void {
  const reasons = (checks ?? []).flatMap((check, index) => {
    const reason = whyForbidden(pod, check);
    return reason === undefined ? [] : [`check ${index + 1}: ${reason}`];
  });
  if (reasons.length > 0) throw new CheckNotAllowedError(pod.name, reasons);
}

/** Why a publisher's check is not made on this POD; undefined when it is. */
export function whyForbidden(pod: PodSpec, check: Check): string | undefined {
  const { commands = [], probes } = pod.policy?.publisherChecks ?? {};
  const allowed = probes ?? (commands.length > 0 ? [...HARMLESS, 'command'] : HARMLESS);
  if (!allowed.includes(check.probe)) return `the probe ${check.probe} is not allowed`;
  return rules[check.probe]?.(check, pod, commands);
}

type Reason = (check: Check, pod: PodSpec, commands: readonly string[]) => string | undefined;

const rules: Partial<Record<ProbeKind, Reason>> = {
  http: foreignHost,
  comparison: (check, pod) =>
    foreignHost(check, pod) ?? (pod.servers.length > 1 ? undefined : 'the POD has one server only'),
  tcp: ({ port }, { servers }) =>
    port === undefined || servers.every(({ http }) => Number(new URL(http).port || 80) === port)
      ? undefined
      : `port ${port} is not that of the servers' http address`,
  command: ({ run }, _pod, commands) =>
    commands.includes(run?.[0] ?? '')
      ? undefined
      : `the program ${JSON.stringify(run?.[0] ?? '').slice(0, 200)} is not allowed`,
  metric: (_check, { policy }) =>
    policy?.verification?.metricsUrl === undefined ? 'the POD names no Prometheus' : undefined,
};

// A server may have sites of other clients, which this one does not see otherwise.
function foreignHost({ host }: Check, { hosts = [] }: PodSpec): string | undefined {
  const name = host?.replace(/:[0-9]+$/, '').toLowerCase();
  return name === undefined || hosts.includes(name) ? undefined : `${host} is no host name of the POD`;
}
