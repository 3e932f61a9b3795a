import { InvalidCommandError } from './host.errors.js';

/** Linux passes one argument of at most 128 KiB, and sshd hands the whole line to the shell as one. */
const MAX_COMMAND_BYTES = 120_000;

/** Checks what holds for every way to run a command. Throws HOST.INVALID_COMMAND. */
export function checkedArguments(argv: readonly string[]): readonly [string, ...string[]] {
  const [program, ...parameters] = argv;
  if (!program) throw new InvalidCommandError('it names no program');
  // `exec` of a shell would take these as its own options and assignments.
  if (/^-|=/.test(program)) throw new InvalidCommandError(`"${program}" is not the name of a program`);
  for (const argument of argv) {
    if (argument.includes('\0')) throw new InvalidCommandError('an argument has a NUL character');
    if (Buffer.from(argument).toString() !== argument) {
      throw new InvalidCommandError('an argument is not well-formed Unicode');
    }
  }
  return [program, ...parameters];
}

/**
 * The one place that quotes arguments for a remote shell (POSIX.1-2017 XCU 2.2.2): within single quotes nothing is
 * special except the single quote. `exec` keeps shell builtins out and leaves no shell waiting.
 * sshd hands the result to the user's login shell, which must be a POSIX one.
 */
export function shellCommand(argv: readonly string[]): string {
  const quoted = checkedArguments(argv).map((argument) => `'${argument.replaceAll("'", `'\\''`)}'`);
  const command = `exec ${quoted.join(' ')}`;
  if (Buffer.byteLength(command) > MAX_COMMAND_BYTES) {
    throw new InvalidCommandError(`it is longer than ${MAX_COMMAND_BYTES} bytes; use standard input`);
  }
  return command;
}
