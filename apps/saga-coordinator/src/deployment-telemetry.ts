import { SpanKind } from '@opentelemetry/api';
import { ReleaseReplicated, type DeploymentState } from '@podway/contracts';
import { isTerminal, sagaTable } from '@podway/pipeline';
import { contextOf, type Telemetry } from '@podway/telemetry';
import type { CommittedMove } from './committed-moves.js';

const terminal = (Object.keys(sagaTable) as DeploymentState[]).filter(isTerminal);

/** What the conventions for CI/CD call a terminal state. https://opentelemetry.io/docs/specs/semconv/cicd/ */
const runResults: Readonly<Partial<Record<DeploymentState, string>>> = {
  Succeeded: 'success',
  Aborted: 'cancellation',
  Superseded: 'skip',
  RollbackFailed: 'error',
};

/** Counts, measures and traces what becomes of deployments. */
export class DeploymentTelemetry {
  constructor(private readonly telemetry: Telemetry) {}

  committed(committed: CommittedMove): void {
    const { move, before, at } = committed;
    const { metrics } = this.telemetry;
    const pod = podOf(committed);
    if (move.publish instanceof ReleaseReplicated)
      metrics.count('podway_replication_sent_bytes_total', { pod }, move.publish.bytesSent);
    if (!move.changed) return;
    const { from, to } = move.changed;
    // All of them at 0 first: Prometheus sees no increase in a number that was not there.
    if (!before) for (const outcome of terminal) metrics.zero('podway_deployments_total', { pod, outcome });
    if (before && from !== undefined && !isTerminal(from))
      this.left(from, to, secondsSince(before.enteredAt, at));
    if (to === 'RollingBack' && from !== undefined)
      metrics.count('podway_rollbacks_total', { pod, stage: from });
    if (isTerminal(to)) this.ended(committed, to);
  }

  private left(stage: DeploymentState, to: DeploymentState, seconds: number): void {
    const { metrics } = this.telemetry;
    metrics.observe('podway_stage_duration_seconds', { stage }, seconds);
    if (stage === 'Queued' && !isTerminal(to)) metrics.observe('podway_queue_wait_seconds', {}, seconds);
  }

  private ended(committed: CommittedMove, outcome: DeploymentState): void {
    const { metrics, tracer } = this.telemetry;
    const { move, at, traceparent } = committed;
    const { deploymentId, submittedAt, failure } = move.state;
    const pod = podOf(committed);
    metrics.count('podway_deployments_total', { pod, outcome });
    metrics.observe('podway_deployment_duration_seconds', { outcome }, secondsSince(submittedAt, at));
    const attributes = {
      'cicd.pipeline.name': 'deployment',
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.run.id': deploymentId,
      'cicd.pipeline.result': runResults[outcome] ?? 'failure',
      'podway.pod': pod,
      'podway.outcome': outcome,
      ...(failure === undefined ? {} : { 'error.type': failure.code }),
    };
    const options = { kind: SpanKind.SERVER, startTime: new Date(submittedAt), attributes };
    tracer.startSpan('RUN deployment', options, contextOf(traceparent)).end(at);
  }
}

function podOf({ move: { state } }: CommittedMove): string {
  return state.pod ?? state.target.pod;
}

function secondsSince(start: string, end: Date): number {
  return Math.max(0, (end.getTime() - Date.parse(start)) / 1_000);
}
