import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensurePackages } from '@podway/testing/fleet';
import { podway as run } from '../../test/run.js';

let folder: string;
beforeAll(async () => {
  await ensurePackages(['zsh', 'fish'], (line) => console.error(line));
  folder = mkdtempSync(join(tmpdir(), 'podway-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await run(['completion', shell]);
    writeFileSync(join(folder, shell), stdout);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash offers for the last word of a line. */
function offered(...words: string[]): string[] {
  const script = `
    source "$1"; shift
    COMP_WORDS=(podway "$@"); COMP_CWORD=$#
    _podway
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['--norc', '-euc', script, 'bash', join(folder, 'bash'), ...words], {
    encoding: 'utf8',
  });
  return out.split('\n').filter((line) => line !== '');
}

describe('in bash', () => {
  it('completes commands, and commands below them', () => {
    expect(offered('pub')).toEqual(['publish']);
    expect(offered('')).toEqual(expect.arrayContaining(['login', 'doctor', 'pods', 'completion']));
    expect(offered('pods', '')).toEqual(expect.arrayContaining(['list', 'apply']));
    expect(offered('clients', 'broker-user', 'ro')).toEqual(['rotate']);
    expect(offered('releases', 'm')).toEqual(['mark-bad']);
  });

  it('completes options, their choices, and those of arguments', () => {
    expect(offered('publish', '--ti')).toEqual(['--timeout']);
    expect(offered('publish', 'site', '--json', '--no-')).toEqual(['--no-wait', '--no-input']);
    expect(offered('keys', 'create', '--role', 'ap')).toEqual(['approver']);
    expect(offered('publish', '--mode', '')).toEqual(['in-order', 'together', 'all-or-nothing']);
    expect(offered('completion', 'z')).toEqual(['zsh']);
  });

  it('leaves values without choices to files', () => {
    expect(offered('pods', 'apply', '--file', '')).toEqual([]);
    expect(offered('publish', 'no-such')).toEqual([]);
  });
});

/** What fish offers for a line. */
function offeredByFish(line: string): string[] {
  const script = `source ${join(folder, 'fish')}; complete -C "${line}"`;
  const out = execFileSync('fish', ['--no-config', '-c', script], {
    encoding: 'utf8',
    env: { ...process.env, HOME: folder },
  });
  return out.split('\n').flatMap((row) => row.split('\t')[0] || []);
}

describe('in fish', () => {
  it('completes commands, options and choices', () => {
    expect(offeredByFish('podway pub')).toEqual(['publish']);
    expect(offeredByFish('podway clients broker-user ')).toEqual(
      expect.arrayContaining(['create', 'rotate']),
    );
    expect(offeredByFish('podway publish --time')).toEqual(['--timeout']);
    expect(offeredByFish('podway keys create --role ap')).toEqual(['approver']);
    expect(offeredByFish('podway completion z')).toEqual(['zsh']);
  });
});

describe('in zsh', () => {
  it('can be read, and knows every command', () => {
    const script = `autoload -Uz compinit && compinit -D; source ${join(folder, 'zsh')}; print $_comps[podway]`;
    const ran = spawnSync('zsh', ['-f', '-c', script], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    });
    expect(ran).toMatchObject({ status: 0, stderr: '', stdout: '_podway\n' });
    const line = (path: string) => `
      source ${join(folder, 'zsh')}
      _describe() { [[ $1 == -o ]] && shift; print -l -- "\${(@P)2}"; }
      compadd() { shift; print -l -- $@; }
      words=(podway ${path} ''); CURRENT=$#words; _podway`;
    const offers = (path: string): string =>
      execFileSync('zsh', ['-f', '-c', line(path)], { encoding: 'utf8' });
    expect(offers('')).toMatch(/^publish:Publish a folder/m);
    expect(offers('clients broker-user')).toMatch(/^rotate:/m);
    expect(offers('completion')).toBe('bash\nzsh\nfish\n');
  });
});

it('is made for known shells only', async () => {
  expect((await run(['completion', 'tcsh'])).code).toBe(2);
  expect(JSON.parse((await run(['completion', 'bash', '--json'])).stdout)).toMatchObject({ shell: 'bash' });
});
