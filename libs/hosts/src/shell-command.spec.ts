import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellCommand } from './shell-command.js';

let folder: string;
let marker: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'podway-quoting-'));
  marker = join(folder, 'marker');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a real shell makes of the command line: its arguments, byte for byte. */
function throughShell(shell: string, args: readonly string[]): string[] {
  const output = execFileSync(shell, ['-c', shellCommand(['printf', '%s\\0', 'first', ...args])], {
    cwd: folder,
  });
  const [first, ...rest] = output.toString().split('\0').slice(0, -1);
  expect(first).toBe('first');
  return rest;
}

const hostile = fc.constantFrom(
  '$(touch marker)',
  '`touch marker`',
  '; touch marker;',
  '| touch marker',
  '&& touch marker',
  '\n touch marker \n',
  `'; touch marker; '`,
  `'\\''; touch marker; '`,
  '" ; touch marker; "',
  '> marker',
  '$IFS',
  '~root',
  '*',
  '{a,b}',
  '!!',
  '#',
  '\\',
  '-n',
  '--',
  '',
  ' ',
  'ünïcödé \u{1F4E6}',
);
const argument = fc.oneof(
  hostile,
  fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0')),
  fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', ';', ' ', '\n', 't') }),
);

describe.each(['/bin/sh', '/bin/bash'])('a command through %s', (shell) => {
  it('gives every argument to the program as it was, and runs nothing else', () => {
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 8 }), (args) => {
        expect(throughShell(shell, args)).toEqual(args);
        expect(existsSync(marker)).toBe(false);
      }),
      { numRuns: 300 },
    );
    // 300 processes, one after the other: on a busy machine that is a while.
  }, 240_000);
});

describe('a command that cannot be run', () => {
  it.each([
    ['no program', []],
    ['an empty program', ['']],
    ['an option as program', ['-c', 'touch marker']],
    ['an assignment as program', ['PATH=/tmp']],
    ['a NUL', ['echo', 'a\0b']],
    ['half a character', ['echo', '\ud800']],
    ['more than one argument of the system', ['echo', 'x'.repeat(130_000)]],
  ])('%s is refused', (_, argv) => {
    expect(() => shellCommand(argv)).toThrow(expect.objectContaining({ code: 'HOST.INVALID_COMMAND' }));
  });
});
