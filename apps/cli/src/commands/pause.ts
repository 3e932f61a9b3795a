import type { Command } from 'commander';
import type { CommandContext } from '../cli-context.js';

interface PauseOptions {
  pod: string;
  reason?: string;
}

export function describePause(command: Command): Command {
  return command
    .description('Let nothing begin in a POD; what runs goes on')
    .requiredOption('--pod <pod>', 'the POD')
    .option('--reason <text>', 'why');
}

export async function pause({ options, podway, printer }: CommandContext<PauseOptions>): Promise<void> {
  const pod = await (await podway()).pause(options.pod, options.reason);
  printer.result(pod, () => [`POD ${pod.name} is paused: updates are taken, and wait.`]);
}

export function describeResume(command: Command): Command {
  return command.description('Let updates of a POD begin again').requiredOption('--pod <pod>', 'the POD');
}

export async function resume({ options, podway, printer }: CommandContext<PauseOptions>): Promise<void> {
  const pod = await (await podway()).resume(options.pod);
  const waiting = pod.queueLength > 0 ? ` ${pod.queueLength} waiting.` : '';
  printer.result(pod, () => [`POD ${pod.name} goes on.${waiting}`]);
}
