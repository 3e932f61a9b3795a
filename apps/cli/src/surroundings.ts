/** Where a text goes: standard output or standard error. */
export interface TextSink {
  write(text: string): unknown;
  /** A terminal, with somebody in front of it. */
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** All that the program knows of the process around it. */
export interface Surroundings {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
}
