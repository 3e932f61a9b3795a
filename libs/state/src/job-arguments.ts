import { InvalidInputError } from '@podway/contracts';
import type { JobRequest } from './state-driver.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Arguments of `job-start`. A program's name with `=` would be read as a variable, and is refused. */
export function jobArguments({ jobId, argv, cwd, env, timeoutMs }: JobRequest): (string | number)[] {
  const [program] = argv;
  const problems = [
    ...(program ? [] : ['argv: a program is required']),
    ...(program?.includes('=') ? ['argv: the name of a program cannot contain ='] : []),
    ...Object.keys(env)
      .filter((name) => !VARIABLE.test(name))
      .map((name) => `env: ${name} is not the name of a variable`),
  ];
  if (problems.length > 0) throw new InvalidInputError('Job', problems);
  return [jobId, cwd, timeoutMs, ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv];
}
