import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { TextSource } from './surroundings.js';

const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** The standard input of a process. What it asks goes to standard error. */
export function standardInput(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  interrupted: AbortSignal,
): TextSource {
  return {
    isTTY: stdin.isTTY,
    text: () => text(stdin),
    async line(prompt, { hidden = false } = {}) {
      // As a terminal, readline shows itself what is typed: to nowhere, it shows nothing.
      const reader = createInterface({ input: stdin, output: hidden ? nowhere() : stderr, terminal: true });
      // Only now: what is typed after it is no longer shown.
      if (hidden) stderr.write(prompt);
      const left = new AbortController();
      reader.once('close', () => left.abort());
      try {
        return await reader.question(hidden ? '' : prompt, {
          signal: AbortSignal.any([interrupted, left.signal]),
        });
      } finally {
        reader.close();
        if (hidden) stderr.write('\n');
      }
    },
  };
}
