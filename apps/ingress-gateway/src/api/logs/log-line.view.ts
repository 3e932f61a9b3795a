import type { LogLine } from '@podway/contracts';
import type { LogLineEntity } from '@podway/persistence';

export function logLineView(entity: LogLineEntity): LogLine {
  const { number, at, server, step, part, run, line, level, text } = entity;
  return { number, at: at.toISOString(), server, step, part, run, line, level, text };
}
