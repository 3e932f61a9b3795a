import { Command, CommanderError } from 'commander';
import { commandContext, withSharedOptions, type CommandContext, type SharedOptions } from './cli-context.js';
import { abort, describeAbort } from './commands/abort.js';
import { describeRetry, retry } from './commands/retry.js';
import {
  deadLettersList,
  deadLettersReplay,
  describeDeadLettersList,
  describeDeadLettersReplay,
} from './commands/dead-letters.js';
import { describeEvents, events } from './commands/events.js';
import { describeKeysCreate, describeKeysRevoke, keysCreate, keysRevoke } from './commands/keys.js';
import { describePodsApply, describePodsList, podsApply, podsList } from './commands/pods.js';
import { describePublish, publish } from './commands/publish.js';
import { describeReleases, releases } from './commands/releases.js';
import { describeRollback, rollback } from './commands/rollback.js';
import { describeStatus, status } from './commands/status.js';
import { exitCodes } from './exit-codes.js';
import { reportError } from './report-error.js';
import type { Surroundings } from './surroundings.js';

type Run<O extends object> = (context: CommandContext<O>, ...args: string[]) => Promise<void>;

/** Runs one command line. Resolves with the exit code; never rejects. */
export async function runProgram(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let code: number = exitCodes.succeeded;
  const program = describeProgram(surroundings, (exit) => (code = exit));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has said what is wrong with the command line, or has shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.succeeded : exitCodes.usage;
    return reportError(error, surroundings);
  }
}

function describeProgram(surroundings: Surroundings, exit: (code: number) => void): Command {
  const program = withSharedOptions(new Command('podway'))
    .description('Publish updates to PODs and follow their deployments')
    .exitOverride()
    .showHelpAfterError('`podway --help` shows the commands.')
    .configureOutput({
      writeOut: (text) => surroundings.stdout.write(text),
      writeErr: (text) => surroundings.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'podway: CLI.USAGE: ')),
      getOutHelpWidth: () => surroundings.stdout.columns ?? 80,
      getErrHelpWidth: () => surroundings.stderr.columns ?? 80,
    });

  function add<O extends object>(
    parent: Command,
    name: string,
    describe: (command: Command) => Command,
    run: Run<O>,
  ): void {
    const command = withSharedOptions(describe(parent.command(name)));
    command.action(async (...given: unknown[]) => {
      const self = given.pop() as Command;
      given.pop();
      const options = self.optsWithGlobals<O & SharedOptions>();
      const context = commandContext<O>(options, surroundings, exit);
      await run(context, ...(given as string[]));
    });
  }

  add(program, 'publish', describePublish, publish);
  add(program, 'status', describeStatus, status);
  add(program, 'events', describeEvents, events);
  add(program, 'rollback', describeRollback, rollback);
  add(program, 'abort', describeAbort, abort);
  add(program, 'retry', describeRetry, retry);
  add(program, 'releases', describeReleases, releases);
  const pods = program.command('pods').description('The inventory: PODs and their servers');
  add(pods, 'list', describePodsList, podsList);
  add(pods, 'apply', describePodsApply, podsApply);
  const keys = program.command('keys').description('API keys (for admins)');
  add(keys, 'create', describeKeysCreate, keysCreate);
  add(keys, 'revoke', describeKeysRevoke, keysRevoke);
  const deadLetters = program
    .command('dead-letters')
    .description('Messages that were given up (for operators)');
  add(deadLetters, 'list', describeDeadLettersList, deadLettersList);
  add(deadLetters, 'replay', describeDeadLettersReplay, deadLettersReplay);
  return program;
}
