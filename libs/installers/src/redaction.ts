/** What stands where a secret was. */
export const REDACTED = '[secret]';
/** Lines of a secret of several lines count by themselves from here on. */
const LEAST_LINE = 8;
/** A secret that was cut off is told from other text from here on. */
const LEAST_PART = 4;

/** Takes secrets out of what servers say. A secret in another form (encoded, reversed, in parts) is not recognised. */
export class Redactor {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    const lines = secrets.flatMap((secret) =>
      secret.split(/\r?\n/).filter((line) => line.length >= LEAST_LINE),
    );
    // Longest first: one secret may be in another.
    this.#secrets = [...new Set([...secrets, ...lines])]
      .filter((secret) => secret !== '')
      .sort((a, b) => b.length - a.length);
  }

  /** The text without secrets, and without a part of one that it ends with. */
  redact(text: string): string {
    const stream = this.stream();
    return stream.push(text) + stream.end();
  }

  /** For text that comes in parts: a secret may come in several. */
  stream(): RedactingStream {
    return new RedactingStream(this.#secrets);
  }
}

export class RedactingStream {
  #held = '';

  constructor(private readonly secrets: readonly string[]) {}

  /** What can be told by now. */
  push(part: string): string {
    if (this.secrets.length === 0) return part;
    const text = this.#held + part;
    let told = '';
    for (let at = 0; at < text.length;) {
      if (this.#mayGoOn(text, at)) {
        this.#held = text.slice(at);
        return told;
      }
      const found = this.secrets.find((secret) => text.startsWith(secret, at));
      told += found === undefined ? text.charAt(at) : REDACTED;
      at += found?.length ?? 1;
    }
    this.#held = '';
    return told;
  }

  /** The rest, when nothing more comes. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    const whole = this.secrets.find((secret) => rest.startsWith(secret));
    if (whole !== undefined)
      return REDACTED + new RedactingStream(this.secrets).#all(rest.slice(whole.length));
    return rest.length >= LEAST_PART ? REDACTED : rest;
  }

  #all(text: string): string {
    return this.push(text) + this.end();
  }

  /** Whether the text ends in the middle of what may become a secret that begins here. */
  #mayGoOn(text: string, at: number): boolean {
    const left = text.length - at;
    return this.secrets.some((secret) => secret.length > left && secret.startsWith(text.slice(at)));
  }
}
