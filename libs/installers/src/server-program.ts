import { dirname } from 'node:path/posix';
import type { Component, ProgramsSpec } from '@podway/contracts';
import { shellCommand } from '@podway/hosts';
import type { InstallRequest } from './installer.js';
import { runInStage } from './stage-shell.js';
import { keepProgram } from './stage-scripts.js';

/**
 * Leaves a script beside the tree that calls a program as this server's entry in pods.yaml says, with the arguments that the
 * script is given. Returns its path there.
 */
export async function programScript(
  request: InstallRequest,
  component: Component,
  name: keyof ProgramsSpec,
): Promise<string> {
  const words = request.programs[name] ?? [name];
  await runInStage(request, component, keepProgram, `${shellCommand(words)} "$@"\n`);
  return `${dirname(request.stageDir)}/program-${component.name}`;
}
