import { PodCommand, StepProgressed, type StepCommand } from '@podway/contracts';
import type { StepContext, StepLog } from '@podway/state';

/** When a step does what, in milliseconds. */
export interface StepPace {
  /** Waits between tries of a step that failed with a retryable error. */
  readonly retryDelaysMs: readonly number[];
  /** Least time between two progress messages of a step. */
  readonly progressEveryMs: number;
  /** Longest silence of a step that runs. */
  readonly heartbeatMs: number;
  /** A step that runs longer without end is given up, whatever it says. */
  readonly hardLimitMs: number;
}

export const usualPace: StepPace = {
  retryDelaysMs: [500, 2_000, 5_000],
  progressEveryMs: 500,
  heartbeatMs: 10_000,
  hardLimitMs: 4 * 3_600_000,
};

/** Tells people and the coordinator that a step lives, neither too often nor too seldom. */
export class ProgressReporter {
  readonly context: StepContext;
  private readonly hardLimit: AbortSignal;
  private readonly heartbeat: NodeJS.Timeout;
  private last = '';
  private lastAt = 0;
  private ended = false;

  constructor(
    private readonly command: StepCommand,
    { progressEveryMs, heartbeatMs, hardLimitMs }: StepPace,
    private readonly send: (progress: StepProgressed) => void,
    log: StepLog,
  ) {
    this.hardLimit = AbortSignal.timeout(hardLimitMs);
    this.context = {
      deploymentId: command.deploymentId,
      fencingToken: command instanceof PodCommand ? command.fencingToken : 0,
      signal: this.hardLimit,
      log,
      progress: (message, at) => {
        if (Date.now() - this.lastAt >= progressEveryMs) this.say(message, at);
      },
    };
    this.heartbeat = setInterval(() => {
      if (!this.hardLimit.aborted) this.say(this.last);
    }, heartbeatMs);
  }

  say(message: string, at: { server?: string; percent?: number } = {}): void {
    if (this.ended) return;
    this.last = message;
    this.lastAt = Date.now();
    this.heartbeat.refresh();
    const { deploymentId, step, attempt } = this.command;
    const progress = { deploymentId, step, attempt, message: message.slice(0, 1000), ...at };
    this.send(Object.assign(new StepProgressed(), progress));
  }

  /** Nothing is told after it: what a step left running belongs to nobody. */
  end(): void {
    this.ended = true;
    clearInterval(this.heartbeat);
  }
}
