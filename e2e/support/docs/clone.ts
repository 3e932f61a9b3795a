import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workingCopy } from './working-copy.js';

const run = promisify(execFile);
const AUTHOR = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];

/** A real clone: of a repository whose last commit is this working copy. */
export class Clone {
  private constructor(
    private readonly origin: string,
    readonly path: string,
  ) {}

  static async make(folder: string): Promise<Clone> {
    const clone = new Clone(join(folder, 'origin'), join(folder, 'clone'));
    await workingCopy(clone.origin);
    await run('git', ['init', '-q', '-b', 'main', clone.origin]);
    await clone.commit('a version');
    await run('git', ['clone', '-q', clone.origin, clone.path]);
    return clone;
  }

  /** There is one to be pulled. */
  newVersion(): Promise<void> {
    return this.commit('the next version');
  }

  /** Removes all tests but these. */
  async keepTests(kept: readonly string[]): Promise<void> {
    await this.restore();
    const { stdout } = await run('git', ['ls-files', '*.spec.ts'], { cwd: this.path });
    const names = stdout.trim().split('\n');
    const missing = kept.filter((name) => !names.includes(name));
    if (missing.length > 0) throw new Error(`There is no test ${missing.join(', ')}`);
    for (const name of names) if (!kept.includes(name)) await rm(join(this.path, name));
  }

  /** Brings back what was removed or changed. */
  async restore(): Promise<void> {
    await run('git', ['checkout', '-q', '--', '.'], { cwd: this.path });
  }

  /** Files that are not as the repository has them, as `git status` tells. */
  async changes(): Promise<string> {
    return (await run('git', ['status', '--porcelain', '-uno'], { cwd: this.path })).stdout;
  }

  private async commit(message: string): Promise<void> {
    await run('git', ['add', '-A'], { cwd: this.origin });
    await run('git', [...AUTHOR, 'commit', '-q', '--allow-empty', '-m', message], { cwd: this.origin });
  }
}
