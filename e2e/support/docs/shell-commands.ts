import { spawnSync } from 'node:child_process';

/** A command of a page, over as many lines as it takes, and the exit code that the page promises. */
export interface ShellCommand {
  readonly text: string;
  readonly exitCode: number;
}

/** The commands of a shell block, in their order. */
export function shellCommands(block: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let text = '';
  for (const line of block.split('\n')) {
    text += text === '' ? line : `\n${line}`;
    if (text.trim() === '') text = '';
    else if (isWhole(text)) {
      commands.push({ text, exitCode: Number(/# ends with exit code (\d+)/.exec(text)?.[1] ?? 0) });
      text = '';
    }
  }
  if (text !== '') throw new Error(`This command has no end: ${text}`);
  return commands;
}

function isWhole(text: string): boolean {
  if (/(\\|\||&&)$/.test(text.trimEnd())) return false;
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  // The end of a here-document that is not there yet is but a warning.
  return status === 0 && !stderr.includes('here-document');
}
