import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  envelop,
  PodCommand,
  PodwayError,
  type Envelope,
  type FailedOutcome,
  type StepCommand,
  type StepOutcome,
  type StepProgressed,
} from '@podway/contracts';
import { routed, type Broker } from '@podway/messaging';
import type { LoadBalancer } from '@podway/balancing';
import { observedStep, traceparentWithin, unwatched, type Telemetry } from '@podway/telemetry';
import type { StepContext } from '@podway/state';
import type { StepLogs } from './kept-step-log.js';
import { logFailures, logRetry } from './log-failure.js';
import { ProgressReporter, usualPace, type StepPace } from './progress-reporter.js';

const FENCED = new Set(['STATE.FENCED', 'ROTATION.FENCED']);

/** Whether a newer command has been here. Whoever meets that is of the past, changes nothing and says no more. */
export function isFenced(error: unknown): boolean {
  return error instanceof PodwayError && FENCED.has(error.code);
}

/** How a worker does one command. */
export interface StepWork<C extends StepCommand> {
  /** Does the step and tells its outcome. A PodwayError that it throws becomes the failed outcome. */
  execute(command: C, context: StepContext): Promise<StepOutcome>;
  /**
   * Undoes what must not stay when the step has failed for good, its tries included. Called before the failed outcome
   * is told; not when a newer command has taken over. Does not reject.
   */
  givenUp?(command: C, context: StepContext): Promise<void>;
  /** The outcome that stands for an error. */
  failed(command: C, error: PodwayError): FailedOutcome;
}

/** Fills in what every outcome has. */
export function outcomeOf<O extends StepOutcome>(
  type: new () => O,
  command: StepCommand,
  rest: Omit<O, keyof StepOutcome>,
): O {
  const { deploymentId, step, attempt } = command;
  return Object.assign(new type(), { deploymentId, step, attempt }, rest);
}

/** The failed outcome for an error, for the types that carry nothing more. */
export function failureOf<O extends FailedOutcome>(
  type: new () => O,
  command: StepCommand,
  error: PodwayError,
  rest: Partial<O> = {},
): O {
  const { deploymentId, step, attempt } = command;
  return Object.assign(
    new type(),
    { deploymentId, step, attempt, code: error.code, detail: error.message.slice(0, 4000) },
    rest,
  );
}

/** Runs the steps of a worker: tells progress, keeps its log, tries again what is worth it, and publishes exactly one outcome. */
export class StepRunner {
  /** Commands at work in this process. */
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly service: string,
    private readonly broker: Broker,
    private readonly balancer: Pick<LoadBalancer, 'fence'>,
    private readonly logs: StepLogs,
    private readonly logger: Logger,
    private readonly pace: StepPace = usualPace,
    private readonly telemetry: Telemetry = unwatched(),
  ) {}

  /**
   * Resolves when the outcome is safe with the broker: only then may the command be acknowledged.
   * Rejects when something other than the step broke (the database, the broker): the command comes back.
   */
  run<C extends StepCommand>(command: C, envelope: Envelope, work: StepWork<C>): Promise<void> {
    // A command that is delivered again while it is at work is answered by that work.
    const key = `${command.deploymentId} ${command.step} ${command.attempt}`;
    const atWork = this.running.get(key);
    if (atWork) return atWork;
    const run = this.runOnce(command, envelope, work).finally(() => this.running.delete(key));
    this.running.set(key, run);
    return run;
  }

  /** Tells the coordinator something that is no outcome of a step. Resolves when it is safe with the broker. */
  async tell(message: object, { traceparent, subject }: Envelope): Promise<void> {
    const about = subject === undefined ? {} : { subject };
    const within = traceparentWithin(traceparent);
    const envelope = envelop(message, { source: this.service, traceparent: within, ...about });
    await this.broker.publish(routed(envelope));
  }

  private async runOnce<C extends StepCommand>(
    command: C,
    envelope: Envelope,
    work: StepWork<C>,
  ): Promise<void> {
    const logger = this.logger.child({
      deploymentId: command.deploymentId,
      step: command.step,
      attempt: command.attempt,
    });
    const startedAt = Date.now();
    const log = this.logs(command);
    const send = (message: StepProgressed): void => this.send(message, envelope, logger);
    const progress = new ProgressReporter(command, this.pace, send, log);
    logger.info('step started');
    progress.say('started');
    let outcome: StepOutcome | undefined;
    try {
      outcome = await observedStep(this.telemetry, command, () =>
        this.attempt(command, work, progress, logger),
      );
      if (outcome) logFailures(log, outcome);
      // Whoever hears of the outcome finds all that was said before it.
      await log.kept();
    } finally {
      progress.end();
    }
    if (!outcome) return;
    await this.broker.publish(this.message(outcome, envelope));
    const durationMs = Date.now() - startedAt;
    logger.info({ outcome: outcome.constructor.name, durationMs, ...codeOf(outcome) }, 'step ended');
  }

  private async attempt<C extends StepCommand>(
    command: C,
    work: StepWork<C>,
    progress: ProgressReporter,
    logger: Logger,
  ): Promise<StepOutcome | undefined> {
    for (let tries = 0; ; tries += 1) {
      try {
        // Whoever begins a step ends the say of all commands before it, also of those that it does not meet on a server.
        if (command instanceof PodCommand) await this.balancer.fence(command.pod, command.fencingToken);
        return await work.execute(command, progress.context);
      } catch (error) {
        if (!(error instanceof PodwayError)) throw error;
        if (isFenced(error)) {
          logger.warn({ err: error }, 'a newer command has taken over');
          return undefined;
        }
        const delayMs = this.pace.retryDelaysMs[tries];
        if (!error.retryable || delayMs === undefined || progress.context.signal?.aborted) {
          logger.warn({ err: error }, 'step failed');
          await work.givenUp?.(command, progress.context);
          return work.failed(command, error);
        }
        logger.info({ err: error, delayMs }, 'step will be tried again');
        progress.say(`${error.message}; trying again`);
        logRetry(progress.context.log, work.failed(command, error));
        await sleep(delayMs);
      }
    }
  }

  private send(progress: StepProgressed, envelope: Envelope, logger: Logger): void {
    this.broker.publish(this.message(progress, envelope)).catch((error: unknown) => {
      logger.debug({ err: error }, 'progress was not told');
    });
  }

  private message(outcome: StepOutcome, envelope: Envelope): ReturnType<typeof routed> {
    const traceparent = traceparentWithin(envelope.traceparent);
    return routed(envelop(outcome, { source: this.service, traceparent }));
  }
}

function codeOf(outcome: StepOutcome): { code?: string } {
  return 'code' in outcome ? { code: String(outcome.code) } : {};
}
