import type { Surroundings } from '../surroundings.js';
import { colorsFor, fitted, harmless, table, wrapped, type Colors } from './text.js';

/** Results go to standard output, all else to standard error. */
export class Printer {
  readonly colors: Colors;

  constructor(
    private readonly surroundings: Pick<Surroundings, 'stdout' | 'stderr' | 'env'>,
    /** Results as JSON, for programs. */
    readonly json: boolean,
  ) {
    this.colors = colorsFor(surroundings);
  }

  /** Columns of the terminal that results go to. Elsewhere nothing is cut: programs read it. */
  get columns(): number {
    const { isTTY, columns = 80 } = this.surroundings.stdout;
    return isTTY ? columns : Infinity;
  }

  /** One result: as JSON when that was asked for, else as these lines. */
  result(value: unknown, lines: () => readonly string[]): void {
    const text = this.json ? JSON.stringify(value, undefined, 2) : lines().join('\n');
    if (text !== '') this.surroundings.stdout.write(`${text}\n`);
  }

  /** One of many results: as one line of JSON, or as this line. */
  item(value: unknown, line: () => string): void {
    this.surroundings.stdout.write(`${this.json ? JSON.stringify(value) : line()}\n`);
  }

  /** A table with a heading, as wide as the terminal. */
  table(heading: readonly string[], rows: readonly (readonly string[])[], empty: string): string[] {
    if (rows.length === 0) return [empty];
    const [head = '', ...body] = table([heading, ...rows], this.columns);
    return [this.colors.dim(head), ...body];
  }

  /** For people, on standard error. */
  note(text: string): void {
    this.surroundings.stderr.write(`${text}\n`);
  }

  /** On standard error: lines, or one line of JSON when results are JSON, too. `problems`: what is wrong in particular. */
  error(code: string, text: string, problems: readonly string[] = [], hint?: string): void {
    if (this.json) {
      this.note(JSON.stringify({ error: { code, message: text, problems, hint } }));
      return;
    }
    this.note(`podway: ${code}: ${harmless(text)}`);
    for (const line of problems) this.note(`  ${harmless(line)}`);
    for (const line of hint ? wrapped(hint, this.columns, 2) : []) this.note(line);
  }

  /** Standard error as a terminal, or undefined when nobody watches it. */
  get live(): LiveLine | undefined {
    const { stderr, env } = this.surroundings;
    return stderr.isTTY && env.TERM !== 'dumb' ? new LiveLine(stderr) : undefined;
  }
}

/** The last line of a terminal, written anew again and again. */
export class LiveLine {
  constructor(private readonly stderr: Surroundings['stderr']) {}

  show(text: string): void {
    this.stderr.write(`\r\u001b[2K${fitted(text, (this.stderr.columns ?? 80) - 1)}`);
  }

  /** Takes the line away. */
  clear(): void {
    this.stderr.write('\r\u001b[2K');
  }
}
