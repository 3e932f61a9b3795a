import type { ServerResponse } from 'node:http';
import type { Metrics } from '@podway/telemetry';

/** An access that has ended. */
export interface EndedAccess {
  /** Empty for one that was answered before its POD was known. */
  readonly pod: string;
  readonly response: ServerResponse;
  readonly tookMs: number;
}

/** Counts accesses of users. They are not traced: a trace of each would be the PODs' own to keep. */
export function countAccess(metrics: Metrics, { pod, response, tookMs }: EndedAccess): void {
  metrics.count('podway_accesses_total', { pod, class: classOf(response) });
  metrics.observe('podway_access_duration_seconds', {}, tookMs / 1_000);
}

function classOf({ headersSent, statusCode, socket }: ServerResponse): string {
  if (headersSent) return `${Math.floor(statusCode / 100)}xx`;
  // A connection whose protocol was changed has left its response.
  return socket === null ? '1xx' : 'none';
}
