import picocolors from 'picocolors';
import type { Surroundings } from '../surroundings.js';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Colours only for a terminal, and not when NO_COLOR is set. https://no-color.org */
export function colorsFor({ stdout, env }: Pick<Surroundings, 'stdout' | 'env'>): Colors {
  const wanted = (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return picocolors.createColors(stdout.isTTY === true && wanted);
}

/** Cuts a text to so many columns. */
export function fitted(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`;
}

/** What came from elsewhere, without characters that steer a terminal. */
export function harmless(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** `0.4 s`, `12 s`, `3 min 05 s` */
export function duration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** Columns as wide as their widest cell; the last one takes what is left and is cut there. */
export function table(rows: readonly (readonly string[])[], columns = 80): string[] {
  const cells = rows.map((row) => row.map(harmless));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(0, ...cells.map((row) => [...(row[column] ?? '')].length)),
  );
  return cells.map((row) =>
    fitted(
      row
        .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
      columns,
    ),
  );
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - [...text].length));
}

/** A text cut into lines of so many columns, wherever that is; those after the first begin with so many spaces. */
export function folded(text: string, columns: number, indent: number): string[] {
  const characters = [...text];
  const rest = Math.max(1, columns - indent);
  const lines = [characters.splice(0, Math.max(1, columns)).join('')];
  while (characters.length > 0) lines.push(' '.repeat(indent) + characters.splice(0, rest).join(''));
  return lines;
}

/** A text over several lines, each begun with so many spaces. A word that is too long for one is broken: nothing is lost. */
export function wrapped(text: string, columns: number, indent: number): string[] {
  const room = Math.max(1, columns - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((one) => folded(one, room, 0))) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((one) => ' '.repeat(indent) + one);
}
