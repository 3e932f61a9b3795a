import { availableParallelism } from 'node:os';

/** Lines of a table; the first column to the left, the others to the right. */
export function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ');
  const [first, ...rest] = all.map((row) => line(row).trimEnd());
  return [first, widths.map((width) => '-'.repeat(width)).join('  '), ...rest].join('\n');
}

/** What a reader must know about where the figures come from. */
export function machine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    platform: `${process.platform}/${process.arch}`,
    node: process.version,
  };
}

export const seconds = (ms) => (ms / 1000).toFixed(3);
export const times = (ratio) => `${ratio.toFixed(2)}x`;

/** Progress goes to standard error: standard output holds the result only. */
export const tell = (line) => console.error(line);
