/** What a line may have that is not complete yet; more of it is not looked at. */
const LONGEST_PENDING = 16_000;

/**
 * Parts of a program's output as whole lines. A line ends with a line feed; what a carriage return has overwritten in it,
 * as progress bars do, is gone: the last state stands.
 */
export class OutputLines {
  #pending = '';

  /** The lines that are complete by now. */
  push(part: string): string[] {
    const lines = (this.#pending + part).split('\n');
    this.#pending = lastState(lines.pop() ?? '').slice(0, LONGEST_PENDING);
    return lines.map((line) => lastState(line).replace(/\r+$/, ''));
  }

  /** The last line, when nothing more comes and it had no end. */
  end(): string[] {
    const rest = this.#pending.replace(/\r+$/, '');
    this.#pending = '';
    return rest === '' ? [] : [rest];
  }
}

/** What a terminal shows in the end. Returns at the end stay: a line feed may follow. */
function lastState(line: string): string {
  const written = line.replace(/\r+$/, '');
  return line.slice(written.lastIndexOf('\r') + 1);
}
