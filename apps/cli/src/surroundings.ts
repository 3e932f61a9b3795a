/** Where a text goes: standard output or standard error. */
export interface TextSink {
  write(text: string): unknown;
  /** A terminal, with somebody in front of it. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Where a text comes from: standard input. */
export interface TextSource {
  /** A terminal, with somebody in front of it. */
  readonly isTTY?: boolean;
  /** All of it, to its end. */
  text(): Promise<string>;
  /** One line that is asked for on standard error. `hidden`: it is not shown while it is typed. */
  line(prompt: string, options?: { hidden?: boolean }): Promise<string>;
}

/** All that the program knows of the process around it. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly stdin: TextSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}
