/** How bad a line of a log is, from the least on. */
export const logLevels = ['info', 'warning', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Levels that are at least as bad as this one. */
export function levelsFrom(least: LogLevel): LogLevel[] {
  return logLevels.slice(logLevels.indexOf(least));
}

/** Most characters of one line; what was longer is cut and ends with `…`. */
export const LONGEST_LOG_LINE = 4_000;
/** Most characters of the name of a part. */
export const LONGEST_LOG_PART = 300;
