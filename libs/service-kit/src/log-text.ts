import { stripVTControlCharacters } from 'node:util';
import { LONGEST_LOG_LINE } from '@podway/contracts';

// C0 without the tab, DEL and C1; and what turns the direction of a text round.
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** One line as it is kept: without what steers terminals, and not too long. */
export function logText(text: string): string {
  const plain = stripVTControlCharacters(text).replace(CONTROL, '').trimEnd();
  return plain.length <= LONGEST_LOG_LINE ? plain : `${plain.slice(0, LONGEST_LOG_LINE - 1)}…`;
}
