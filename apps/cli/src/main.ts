#!/usr/bin/env node
import { homedir } from 'node:os';
import { runProgram } from './program.js';
import { standardInput } from './standard-input.js';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
// Who reads our output may leave before it has ended: `podway events --follow | head`.
process.stdout.on('error', () => process.exit(0));

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: standardInput(process.stdin, process.stderr, interrupt.signal),
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  interrupted: interrupt.signal,
});
