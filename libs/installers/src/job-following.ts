import { setTimeout as sleep } from 'node:timers/promises';
import { PodwayError } from '@podway/contracts';
import type { JobView, ServerTarget, StateDriver, StepContext } from '@podway/state';
import type { Redactor } from './redaction.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;
const REPEAT_MS = 10_000;
const KEPT_OUTPUT = 4_000;
const LAST_LINES = 20;
const SHOWN_LINE = 300;

export interface FollowedJob {
  readonly driver: StateDriver;
  readonly target: ServerTarget;
  readonly context: StepContext;
  readonly jobId: string;
  /** Takes out of its output what nobody may see. */
  readonly redactor: Redactor;
}

export interface EndedJob {
  /** Unset: nobody knows how it ended. */
  readonly exitCode?: number;
  /** The end of what it said. */
  readonly lastLines: string;
}

/** Follows a job until it has ended; its last line becomes progress. Undefined: there is no such job. */
export async function followToEnd(job: FollowedJob): Promise<EndedJob | undefined> {
  const { context, target } = job;
  const told = job.redactor.stream();
  let output = '';
  let fromByte = 0;
  let said = { line: '', at: 0 };
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    context.signal?.throwIfAborted();
    const view = await look(job, fromByte);
    if (!view) return undefined;
    fromByte = view.nextByte;
    output = (output + told.push(view.output)).slice(-KEPT_OUTPUT);
    if (view.more) {
      waitMs = FIRST_WAIT_MS;
      continue;
    }
    if (view.state !== 'running') {
      return { exitCode: view.exitCode, lastLines: endOf(output + told.end(), LAST_LINES) };
    }
    // Said again after a while when there is nothing new: a silent program is not a dead one.
    const line = endOf(output, 1).slice(0, SHOWN_LINE) || 'it is running';
    if (line !== said.line || Date.now() - said.at >= REPEAT_MS) {
      said = { line, at: Date.now() };
      context.progress(line, { server: target.session.server });
    }
    await sleep(waitMs, undefined, { signal: context.signal }).catch(() => context.signal?.throwIfAborted());
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

function endOf(output: string, lines: number): string {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}
