import { finished, Readable, type Writable } from 'node:stream';
import type { Interruption } from './interruption.js';

/**
 * What a command reads. Watched from the start, before the command runs: a source that breaks off interrupts the
 * command, because a cut input must not look like a short one.
 */
export class CommandInput {
  #needed = true;

  constructor(
    private readonly source: string | Uint8Array | Readable | undefined,
    interruption: Interruption,
  ) {
    if (!(source instanceof Readable)) return;
    source.on('error', () => undefined);
    finished(source, { writable: false }, (error) => {
      if (error && this.#needed) interruption.sourceFailed(error);
    });
    interruption.signal.addEventListener('abort', () => this.#drop(), { once: true });
  }

  /** Feeds it to the standard input and closes that. A command that stops reading is no error here: its exit code says what it thinks. */
  feedTo(stdin: Writable): void {
    stdin.on('error', () => undefined);
    if (!(this.source instanceof Readable)) {
      stdin.end(this.source);
      return;
    }
    finished(stdin, { readable: false }, () => this.#drop());
    this.source.pipe(stdin);
  }

  #drop(): void {
    this.#needed = false;
    if (this.source instanceof Readable) this.source.destroy();
  }
}
