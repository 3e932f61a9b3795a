import type { LogLevel, LogLine } from '@podway/contracts';
import type { Printer } from './printer.js';
import { folded, harmless } from './text.js';

/** Behind the time: what a long line goes on below. */
const INDENT = 9;

/** A line of a log: `09:12:30 web1 site: what it said`. On a terminal of so many columns, over several lines. */
export function logText({ at, server, part, level, text }: LogLine, printer: Printer): string {
  const word = level === 'info' ? '' : `${level}: `;
  const line = harmless(`${at.slice(11, 19)} ${server} ${part}: ${word}${text}`.trimEnd());
  return folded(line, printer.columns, INDENT)
    .map((one) => coloured(one, level, printer))
    .join('\n');
}

function coloured(line: string, level: LogLevel, { colors }: Printer): string {
  if (level === 'error') return colors.red(line);
  return level === 'warning' ? colors.yellow(line) : line;
}
