import { describe, expect, it } from 'vitest';
import { InvalidInputError, validated } from '../validation.js';
import { StatePart } from './state-part.js';

const commands = { fingerprint: ['cat', '/x'], snapshot: ['a'], restore: ['b'] };
const part = (driver: string, changes: object = {}) => ({ name: 'one', driver, ...changes });

function problemsOf(plain: object): readonly string[] {
  try {
    validated(StatePart, plain, { strict: true });
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.problems;
    throw error;
  }
}

describe('a part of the state', () => {
  it.each([
    part('paths', { paths: ['/etc/nginx'] }),
    part('volume', { path: '/srv/data' }),
    part('packages', { packages: ['shop*', 'libshop1.2', '*', 'g++-1?'] }),
    part('command', { commands, timeoutMs: 60_000 }),
    part('command', { commands: { ...commands, send: ['c'], take: ['d', '', ' a\tb '], drop: ['e'] } }),
  ])('may be %j', (plain) => {
    expect(problemsOf(plain)).toEqual([]);
  });

  // prettier-ignore
  it.each([
    [part('volume'), 'driver: volume needs path'],
    [
      part('volume', { path: 'data' }),
      'path: must be an absolute path below /, without empty, . and .. parts',
    ],
    [part('volume', { path: '/a', commands }), 'driver: volume takes no commands'],
    [part('packages', { packages: [] }), 'packages: must contain at least 1 elements'],
    [
      part('packages', { packages: ['shop=1'] }),
      'packages: must be names of Debian packages, in which * and ? stand for any characters',
    ],
    [
      part('packages', { packages: ['-i'] }),
      'packages: must be names of Debian packages, in which * and ? stand for any characters',
    ],
    [part('command'), 'driver: command needs commands'],
    [part('command', { commands: { ...commands, restore: undefined } }), 'commands.restore: is missing'],
    [
      part('command', { commands: { ...commands, drop: 'rm -rf' } }),
      'commands.drop: must be a list of a program and its arguments, like [systemctl, reload, nginx]',
    ],
    [
      part('command', { commands: { ...commands, snapshot: ['sh', '-c', 'a\nb'] } }),
      'commands.fingerprint: snapshot has a line break in an argument: put such text into a script on the server',
    ],
    [
      part('command', { commands: { ...commands, send: ['a'] } }),
      'commands.fingerprint: send and take go together',
    ],
    [part('command', { commands, timeoutMs: 10 }), 'timeoutMs: must not be less than 1000'],
  ])('may not be %j', (plain, problem) => {
    expect(problemsOf(plain)).toEqual([problem]);
  });
});
