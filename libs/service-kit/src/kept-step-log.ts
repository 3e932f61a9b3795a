import { setTimeout as sleep } from 'node:timers/promises';
import { LONGEST_LOG_PART, PodCommand, type LogLevel, type StepCommand } from '@podway/contracts';
import { isDatabaseUnavailable, type Logs, type LogSubject, type NewLogLine } from '@podway/persistence';
import { noStepLog, type LoggedPart, type StepLog } from '@podway/state';
import { logText } from './log-text.js';

/** The log of a command's step. */
export type StepLogs = (command: StepCommand) => StepLog;

/** How lines are written. */
export interface LogPace {
  /** Longest time that a line waits for others, in milliseconds. */
  readonly everyMs: number;
  /** So many lines wait for no others. */
  readonly lines: number;
  /** Waits between tries while the database is away, in milliseconds. */
  readonly retryDelaysMs: readonly number[];
}

const usualLogPace: LogPace = {
  everyMs: 250,
  lines: 200,
  retryDelaysMs: [100, 500, 1_000, 2_000, 5_000, 5_000, 10_000, 10_000, 10_000, 10_000],
};
/** Lines of one transaction. */
const BATCH = 1_000;
/** An installer's program runs once in a deployment. */
const ONLY_RUN = 0;

type LogSink = Pick<Logs, 'append' | 'nextRun'>;
/** `run` unset: that of what the step says itself, once it is known. */
type WaitingLine = Omit<NewLogLine, 'run'> & { readonly run?: number };

/** Logs that are kept in the database. `maxLines`: of one part in one run. */
export function keptStepLogs(logs: LogSink, maxLines: number, pace = usualLogPace): StepLogs {
  return (command) =>
    command instanceof PodCommand ? new KeptStepLog(logs, command, maxLines, pace) : noStepLog;
}

/** Writes lines a few at a time, in their order. */
class KeptStepLog implements StepLog {
  private readonly subject: LogSubject;
  private waiting: WaitingLine[] = [];
  private timer: NodeJS.Timeout | undefined;
  private draining: Promise<void> | undefined;
  private run: number | undefined;
  /** How many lines the step itself has said about each part. */
  private readonly said = new Map<string, number>();

  constructor(
    private readonly logs: LogSink,
    private readonly command: PodCommand,
    private readonly maxLines: number,
    private readonly pace: LogPace,
  ) {
    const { deploymentId, client, pod } = command;
    this.subject = { deploymentId, client, pod };
  }

  say({ level, text, ...of }: LoggedPart & { level: LogLevel; text: string }): void {
    const key = `${of.server} ${of.part}`;
    for (const one of text.trimEnd().split(/\r?\n/)) {
      const line = this.said.get(key) ?? 0;
      this.said.set(key, line + 1);
      this.add(of, { line, level, text: one });
    }
  }

  output({ line, text, ...of }: LoggedPart & { line: number; text: string }): void {
    this.add(of, { line, level: 'info', text, run: ONLY_RUN });
  }

  kept(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length > 0) this.draining ??= this.drain();
    return this.draining ?? Promise.resolve();
  }

  private add(
    { server, part }: LoggedPart,
    { line, ...rest }: Pick<WaitingLine, 'line' | 'level' | 'text' | 'run'>,
  ): void {
    if (line > this.maxLines) return;
    const isLast = line === this.maxLines;
    const said = isLast ? { ...rest, level: 'warning' as const, text: this.lastWord() } : rest;
    const { step } = this.command;
    const of = { server, step, part: part.slice(0, LONGEST_LOG_PART), line, at: new Date() };
    this.waiting.push({ ...of, ...said, text: logText(said.text) });
    this.writeSoon();
  }

  private lastWord(): string {
    return `more than ${this.maxLines} lines: the rest is not kept`;
  }

  private writeSoon(): void {
    if (this.draining) return;
    // What cannot be kept now waits: whoever needs to know asks, and then it is tried again.
    const write = (): void => void this.kept().catch(() => undefined);
    if (this.waiting.length >= this.pace.lines) write();
    else this.timer ??= setTimeout(write, this.pace.everyMs);
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting.slice(0, BATCH);
        await this.insist(() => this.write(batch));
        this.waiting = this.waiting.slice(batch.length);
      }
    } finally {
      // At once: what is said from here on is for the next drain.
      this.draining = undefined;
    }
  }

  private async write(batch: readonly WaitingLine[]): Promise<void> {
    if (this.run === undefined && batch.some(({ run }) => run === undefined)) {
      this.run = await this.logs.nextRun();
    }
    const own = this.run ?? ONLY_RUN;
    await this.logs.append(
      this.subject,
      batch.map((line) => ({ ...line, run: line.run ?? own })),
    );
  }

  /** A database that comes back soon is waited for: an installer goes on meanwhile. */
  private async insist(write: () => Promise<void>): Promise<void> {
    for (const delayMs of this.pace.retryDelaysMs) {
      try {
        return await write();
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error;
        await sleep(delayMs);
      }
    }
    await write();
  }
}
