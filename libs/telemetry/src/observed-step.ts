import { SpanKind } from '@opentelemetry/api';
import { FailedOutcome, PodCommand, type StepCommand, type StepOutcome } from '@podway/contracts';
import type { Telemetry } from './telemetry.js';
import { withinSpan } from './within-span.js';

/** Runs a step, counted and traced by the conventions for CI/CD. Undefined: a newer command has taken over. */
export async function observedStep(
  { metrics, tracer }: Telemetry,
  command: StepCommand,
  run: () => Promise<StepOutcome | undefined>,
): Promise<StepOutcome | undefined> {
  const { deploymentId, step, attempt } = command;
  const attributes = {
    'cicd.pipeline.run.id': deploymentId,
    'cicd.pipeline.task.name': step,
    'cicd.pipeline.task.run.id': `${deploymentId}/${step}/${attempt}`,
    ...(command instanceof PodCommand ? { 'podway.pod': command.pod } : {}),
  };
  const startedAt = performance.now();
  metrics.add('podway_steps_running', { step }, 1);
  let outcome: 'succeeded' | 'failed' | 'fenced' | 'error' = 'error';
  try {
    return await withinSpan(tracer, step, { kind: SpanKind.INTERNAL, attributes }, async (span) => {
      const told = await run();
      outcome = told === undefined ? 'fenced' : told instanceof FailedOutcome ? 'failed' : 'succeeded';
      span.setAttribute('cicd.pipeline.task.run.result', taskResults[outcome]);
      if (told instanceof FailedOutcome) span.setAttribute('error.type', told.code);
      return told;
    });
  } finally {
    metrics.add('podway_steps_running', { step }, -1);
    metrics.observe(
      'podway_step_duration_seconds',
      { step, outcome },
      (performance.now() - startedAt) / 1_000,
    );
  }
}

/** What the conventions call it. https://opentelemetry.io/docs/specs/semconv/cicd/ */
const taskResults = {
  succeeded: 'success',
  failed: 'failure',
  fenced: 'cancellation',
  error: 'error',
} as const;
