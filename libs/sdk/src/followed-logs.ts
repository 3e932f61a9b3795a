import type { FollowLogsQuery, LogLine } from '@podway/contracts';
import type { Connection } from './connection.js';
import { followedStream, type FollowOptions } from './followed-stream.js';

/**
 * The lines of a deployment's log, in order, without gaps or repetitions, over as many connections as it takes; those of
 * the past first. Ends with the deployment, or when `signal` is aborted.
 */
export async function* followedLogs(
  connection: Connection,
  path: string,
  { after, server, step, level, search }: FollowLogsQuery,
  options: FollowOptions,
): AsyncGenerator<LogLine, void, undefined> {
  const query = { after, server, step, level, search };
  for await (const event of followedStream(connection, { ...options, path, query })) {
    if (event.type === 'end') return;
    if (event.data !== '') yield JSON.parse(event.data) as LogLine;
  }
}
