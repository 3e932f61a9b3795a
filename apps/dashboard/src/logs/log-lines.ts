import type { FollowLogsQuery, LogLine } from '@podway/contracts';
import type { Podway } from '@podway/sdk';

/** Lines that are asked for at once: as many as may be. */
const PAGE = 2_000;

/** A line as text: what a file and a terminal show of it. */
export function textOf({ number, at, server, step, part, level, text }: LogLine): string {
  return `${number} ${at} ${level} ${server} ${step} ${part}: ${text}\n`;
}

/** All lines that there are now, page by page. */
export async function* allLines(
  podway: Pick<Podway, 'logs'>,
  deploymentId: string,
  query: Omit<FollowLogsQuery, 'after'>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let after: number | undefined = 0;
  while (after !== undefined && !signal.aborted) {
    const page = await podway.logs(deploymentId, { ...query, after, limit: PAGE });
    yield page.lines.map(textOf).join('');
    after = page.next;
  }
}
