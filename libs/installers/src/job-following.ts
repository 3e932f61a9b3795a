import { setTimeout as sleep } from 'node:timers/promises';
import { PodwayError } from '@podway/contracts';
import type { JobView, ServerTarget, StateDriver, StepContext } from '@podway/state';
import { OutputLines } from './output-lines.js';
import type { Redactor } from './redaction.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;
/** Longest wait while it talks. */
const LIVELY_WAIT_MS = 250;
const REPEAT_MS = 10_000;
const KEPT_OUTPUT = 4_000;
const LAST_LINES = 20;
const SHOWN_LINE = 300;

export interface FollowedJob {
  readonly driver: StateDriver;
  readonly target: ServerTarget;
  readonly context: StepContext;
  readonly jobId: string;
  /** Name of the component: its log has what the job says. */
  readonly component: string;
  /** Takes out of its output what nobody may see. */
  readonly redactor: Redactor;
}

export interface EndedJob {
  /** Unset: nobody knows how it ended. */
  readonly exitCode?: number;
  /** The end of what it said. */
  readonly lastLines: string;
}

/**
 * Follows a job until it has ended, from its first byte on: all it says goes to the log, its last line becomes progress.
 * Undefined: there is no such job.
 */
export async function followToEnd(job: FollowedJob): Promise<EndedJob | undefined> {
  const { context, target } = job;
  const told = new ToldOutput(job);
  let fromByte = 0;
  let said = { line: '', at: 0 };
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    context.signal?.throwIfAborted();
    const view = await look(job, fromByte);
    if (!view) return undefined;
    fromByte = view.nextByte;
    told.push(view.output);
    if (view.output !== '') waitMs = Math.min(waitMs, LIVELY_WAIT_MS);
    if (view.more) {
      // No more is read than can be kept.
      await context.log.kept();
      continue;
    }
    if (view.state !== 'running') {
      told.end();
      return { exitCode: view.exitCode, lastLines: told.last(LAST_LINES) };
    }
    // Said again after a while when there is nothing new: a silent program is not a dead one.
    const line = told.last(1).slice(0, SHOWN_LINE) || 'it is running';
    if (line !== said.line || Date.now() - said.at >= REPEAT_MS) {
      said = { line, at: Date.now() };
      context.progress(line, { server: target.session.server });
    }
    await sleep(waitMs, undefined, { signal: context.signal }).catch(() => context.signal?.throwIfAborted());
  }
}

/** What a job has said so far, without secrets. */
class ToldOutput {
  readonly #redacted;
  readonly #lines = new OutputLines();
  #count = 0;
  #end = '';

  constructor(private readonly job: Pick<FollowedJob, 'context' | 'target' | 'component' | 'redactor'>) {
    this.#redacted = job.redactor.stream();
  }

  push(output: string): void {
    this.#tell(this.#redacted.push(output));
  }

  /** Nothing more comes. */
  end(): void {
    this.#tell(this.#redacted.end());
    this.#log(this.#lines.end());
  }

  /** The last lines, one perhaps without its end. */
  last(lines: number): string {
    return this.#end.trimEnd().split('\n').slice(-lines).join('\n');
  }

  #tell(text: string): void {
    this.#end = (this.#end + text).slice(-KEPT_OUTPUT);
    this.#log(this.#lines.push(text));
  }

  #log(lines: readonly string[]): void {
    const { context, target, component: part } = this.job;
    for (const text of lines) {
      context.log.output({ server: target.session.server, part, line: this.#count, text });
      this.#count += 1;
    }
  }
}

async function look({ driver, target, jobId }: FollowedJob, fromByte: number): Promise<JobView | undefined> {
  try {
    return await driver.followJob(target, jobId, { fromByte });
  } catch (error) {
    if (error instanceof PodwayError && error.code === 'STATE.JOB_MISSING') return undefined;
    throw error;
  }
}
