import { Icon } from './icon.js';
import type { Shown } from './words.js';

/** A state: icon, word and colour. */
export function Mark({ shown, quiet = false }: { shown: Shown; quiet?: boolean }) {
  return (
    <span className={quiet ? 'mark mark-plain' : 'mark'} data-tone={shown.tone}>
      <Icon name={shown.icon} size={14} />
      {shown.word}
    </span>
  );
}
