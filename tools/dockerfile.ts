export interface Instruction {
  /** `COPY`, `RUN`, `CMD` ... */
  readonly name: string;
  /** All that follows, on one line. */
  readonly text: string;
}

/** The instructions of each named stage of a Dockerfile. As much of its syntax as ours uses. */
export function imageInstructions(dockerfile: string): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let stage: Instruction[] = [];
  const lines = dockerfile.replace(/\\\n/g, ' ').split('\n');
  for (const line of lines) {
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', ...rest] = line.split(/\s+/);
    const text = rest.join(' ');
    if (name === 'FROM') {
      const [, , as] = rest;
      if (rest[1] !== 'AS' || as === undefined) throw new Error(`Give the stage a name: ${line}`);
      stages.set(as, (stage = []));
    } else {
      stage.push({ name, text });
    }
  }
  return stages;
}
