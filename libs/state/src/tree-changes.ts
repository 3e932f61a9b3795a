import { LONGEST_PATH, type ChangeKind, type TreeChanges } from '@podway/contracts';
import { FLAG, NUMBER } from './answer-forms.js';
import type { HostAnswer } from './host-answer.js';

const KIND = /^(added|changed|removed)$/;
const WHAT = /^(-|[a-z]+(,[a-z]+)*)$/;
const PATH = /^[^\t\n]{1,8192}$/;

/** Reads how two trees differ. Undefined: the server cannot tell. */
export function treeChanges(answer: HostAnswer): { tree: TreeChanges; next?: string } | undefined {
  const counts = answer.optional('changes', NUMBER, NUMBER, NUMBER, FLAG);
  if (!counts) return undefined;
  const rows = answer.all('change', KIND, WHAT, PATH);
  const entries = rows.map(([change, what = '-', path = '']) => ({
    change: change as ChangeKind,
    path: path.slice(0, LONGEST_PATH),
    ...(what === '-' ? {} : { what }),
  }));
  const [added, changed, removed, more] = counts.map(Number);
  const last = rows.at(-1)?.[2];
  return {
    tree: { added: added ?? 0, changed: changed ?? 0, removed: removed ?? 0, entries, more: more === 1 },
    ...(more === 1 && last !== undefined ? { next: last } : {}),
  };
}
