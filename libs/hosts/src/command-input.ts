import { finished, type Readable, type Writable } from 'node:stream';
import type { Interruption } from './interruption.js';

/**
 * Feeds a command's standard input and closes it. A source that breaks off interrupts the command: a cut input must
 * not look like a short one. A command that stops reading is no error here: its exit code says what it thinks.
 */
export function feed(
  stdin: Writable,
  source: string | Uint8Array | Readable | undefined,
  interruption: Interruption,
): void {
  stdin.on('error', () => undefined);
  if (source === undefined || typeof source === 'string' || source instanceof Uint8Array) {
    stdin.end(source);
    return;
  }
  finished(
    source,
    { writable: false },
    (error) => error && !stdin.closed && interruption.sourceFailed(error),
  );
  finished(stdin, { readable: false }, () => source.destroy());
  interruption.signal.addEventListener('abort', () => source.destroy(), { once: true });
  source.pipe(stdin);
}
