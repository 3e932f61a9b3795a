import { StateError } from './state.errors.js';

/** Lines of tab-separated fields from a server. It is input from outside: read only through checks. */
export class HostAnswer {
  private readonly lines: readonly (readonly string[])[];

  constructor(
    stdout: string,
    private readonly server: string,
    private readonly verb: string,
  ) {
    this.lines = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  }

  /** Fields after the word, of every line that begins with it; each must match its pattern. */
  all(word: string, ...patterns: RegExp[]): string[][] {
    return this.lines.filter((line) => line[0] === word).map((line) => this.checked(line, patterns));
  }

  optional(word: string, ...patterns: RegExp[]): string[] | undefined {
    const found = this.all(word, ...patterns);
    if (found.length > 1) throw this.invalid(`'${word}' came more than once`);
    return found[0];
  }

  one(word: string, ...patterns: RegExp[]): string[] {
    const found = this.optional(word, ...patterns);
    if (!found) throw this.invalid(`'${word}' is missing`);
    return found;
  }

  private checked(line: readonly string[], patterns: readonly RegExp[]): string[] {
    const fields = line.slice(1);
    if (fields.length !== patterns.length || !patterns.every((pattern, i) => pattern.test(fields[i] ?? ''))) {
      throw this.invalid(`'${line[0]}' has another form`);
    }
    return fields;
  }

  private invalid(reason: string): StateError {
    return new StateError('ANSWER_INVALID', `the answer to ${this.verb} is not valid: ${reason}`, {
      server: this.server,
      verb: this.verb,
    });
  }
}
