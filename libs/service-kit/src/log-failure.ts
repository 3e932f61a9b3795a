import type { FailedOutcome, ServerOutcome, StepOutcome } from '@podway/contracts';
import type { StepLog } from '@podway/state';

/** The part of a log in which a step says what went wrong on a server. */
const STEP = 'step';

type Outcome = StepOutcome & Partial<FailedOutcome> & { readonly servers?: readonly ServerOutcome[] };

/** Says in the log of each server what went wrong there. What failed on no server is in the outcome alone. */
export function logFailures(log: StepLog, { server, code, detail, servers = [] }: Outcome): void {
  const failed = new Map<string, Pick<ServerOutcome, 'code' | 'detail'>>(
    servers.filter((one) => one.code !== undefined).map((one) => [one.name, one]),
  );
  if (server !== undefined && code !== undefined) failed.set(server, { code, detail });
  for (const [name, why] of failed)
    log.say({ server: name, part: STEP, level: 'error', text: textOf(why.code, why.detail ?? detail) });
}

/** Says that a step is tried again on a server, and why. */
export function logRetry(log: StepLog, { server, code, detail }: FailedOutcome): void {
  if (server === undefined) return;
  log.say({ server, part: STEP, level: 'warning', text: textOf(code, `${detail}; trying again`) });
}

function textOf(code: string | undefined, detail: string | undefined): string {
  return [code, detail].filter((part) => part !== undefined).join(': ');
}
