import type { ChangeCounts, TreeChange, TreeChanges } from '@podway/contracts';
import type { Printer } from './printer.js';
import { harmless } from './text.js';

const SIGNS = { added: '+', changed: '~', removed: '-' } as const;

/** `+3 ~1 -0`: files added, changed, removed. */
export function countsText({ added, changed, removed }: ChangeCounts): string {
  return `+${added} ~${changed} -${removed}`;
}

export function changeLine({ change, path, what }: TreeChange): string {
  const more = what === undefined || what === 'content' ? '' : ` (${what.replaceAll(',', ', ')})`;
  return `${SIGNS[change]} ${harmless(path)}${more}`;
}

/** A difference, for people: one line a file, and how many there are. */
export function changesLines(tree: TreeChanges, printer: Printer): string[] {
  const { added, changed, removed, entries, more } = tree;
  if (added + changed + removed === 0) return ['No difference.'];
  const sum = `${added} added, ${changed} changed, ${removed} removed`;
  const rest = added + changed + removed - entries.length;
  return [
    ...entries.map(changeLine),
    printer.colors.dim(more && rest > 0 ? `${sum}; ${rest} more not shown here` : sum),
  ];
}
