import {
  DeploymentChanged,
  messageOf,
  steps,
  type DeploymentState,
  type Envelope,
  type Step,
} from '@podway/contracts';

/** A CDEvent 0.4.1, as the data of a CloudEvent. https://cdevents.dev */
export interface CdEvent {
  readonly context: {
    readonly version: string;
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly timestamp: string;
    readonly chainId: string;
  };
  readonly subject: {
    readonly id: string;
    readonly source: string;
    readonly type: 'pipelineRun' | 'taskRun' | 'service';
    readonly content: object;
  };
  readonly customDataContentType: 'application/json';
  /** The event of Podway that it is made from. */
  readonly customData: object;
}

const VERSION = '0.4.1';
const PIPELINE = 'podway-deployment';
/** The only events of Podway that there are CDEvents for. */
export const cdEventSources: readonly string[] = [messageOf(DeploymentChanged).type];

type Outcome = 'success' | 'failure' | 'cancel' | 'error';

/** How a deployment ended. docs/events.md has the table. */
const outcomes: Partial<Record<DeploymentState, Outcome>> = {
  Succeeded: 'success',
  Rejected: 'failure',
  Failed: 'failure',
  RolledBack: 'failure',
  RollbackFailed: 'error',
  Aborted: 'cancel',
  Superseded: 'cancel',
};

/** Type and subject of a CDEvent; what all have in common comes later. */
type Made = readonly [type: string, subject: Omit<CdEvent['subject'], 'source'>];

/** The CDEvents that an event of Podway is: several, one or none. The same event always makes the same ones. */
export function cdEventsOf(event: Envelope): CdEvent[] {
  if (!cdEventSources.includes(event.type)) return [];
  const changed = event.data as DeploymentChanged;
  const { source, subject = '' } = event;
  return [...ofFrom(changed), ...ofTo(changed), ...ofService(changed, subject)].map(
    ([name, about], index) => ({
      context: {
        ...{ version: VERSION, id: `${event.id}-${index + 1}`, source, type: `dev.cdevents.${name}.0.2.0` },
        ...{ timestamp: event.time, chainId: changed.deploymentId },
      },
      subject: { ...about, source },
      customDataContentType: 'application/json',
      customData: { type: event.type, id: event.id, sequence: event.sequence, subject, data: changed },
    }),
  );
}

/** Each as a CloudEvent, as the binding of CDEvents has it. */
export function boundCdEventsOf(event: Envelope): object[] {
  return cdEventsOf(event).map((data) => ({
    specversion: '1.0',
    id: data.context.id,
    source: data.context.source,
    type: data.context.type,
    subject: data.subject.id,
    time: data.context.timestamp,
    datacontenttype: 'application/json',
    traceparent: event.traceparent,
    data,
  }));
}

/** What ends with the state that was left. */
function ofFrom({ deploymentId, from, to, cause, detail }: DeploymentChanged): Made[] {
  if (from === undefined) return [pipelineRun('started', deploymentId)];
  return isStep(from) ? [taskRun('finished', deploymentId, from, ended(stepOutcome(to, cause), detail))] : [];
}

/** What begins, or ends, with the state that was entered. */
function ofTo({ deploymentId, to, detail }: DeploymentChanged): Made[] {
  if (isStep(to)) return [taskRun('started', deploymentId, to)];
  const outcome = outcomes[to];
  return outcome ? [pipelineRun('finished', deploymentId, ended(outcome, detail))] : [];
}

/** What visitors get now. */
function ofService({ from, to, release }: DeploymentChanged, subject: string): Made[] {
  const service = (name: string, version = ''): Made => [
    `service.${name}`,
    {
      ...{ id: subject, type: 'service' },
      content: { environment: { id: subject }, artifactId: `pkg:generic/${subject}${version}` },
    },
  ];
  if (to === 'Succeeded' && release !== undefined)
    return [service(release === 1 ? 'deployed' : 'upgraded', `@${release}`)];
  const isBack = from === 'ConfirmingRollback' && (to === 'RolledBack' || to === 'Aborted');
  // Which release it is back on is not part of the event.
  return isBack ? [service('rolledback')] : [];
}

function stepOutcome(to: DeploymentState, cause: string): Outcome {
  if (to === 'RollingBack') return cause === 'AbortRequested' ? 'cancel' : 'failure';
  return to === 'RolledBack' ? 'success' : (outcomes[to] ?? 'success');
}

function ended(outcome: Outcome, detail?: string): object {
  return { outcome, ...(outcome === 'success' || detail === undefined ? {} : { errors: detail }) };
}

function pipelineRun(what: 'started' | 'finished', id: string, more: object = {}): Made {
  return [
    `pipelinerun.${what}`,
    {
      id,
      type: 'pipelineRun',
      content: { pipelineName: PIPELINE, url: `urn:podway:deployment:${id}`, ...more },
    },
  ];
}

function taskRun(what: 'started' | 'finished', deploymentId: string, step: Step, more: object = {}): Made {
  const content = { taskName: step, pipelineRun: { id: deploymentId }, ...more };
  return [`taskrun.${what}`, { id: `${deploymentId}/${step}`, type: 'taskRun', content }];
}

function isStep(state: DeploymentState): state is Step & DeploymentState {
  return (steps as readonly string[]).includes(state);
}
