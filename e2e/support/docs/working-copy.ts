import { execFile } from 'node:child_process';
import { copyFile, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a clone of the repository has, without what was installed and built, as an image is made of it. */
export async function workingCopy(folder: string): Promise<void> {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', listed, { cwd: root, maxBuffer: 2 ** 26 });
  for (const path of stdout.split('\0').filter((name) => name !== '')) {
    const there = await lstat(join(root, path)).catch(() => undefined);
    // Removed, and not committed yet.
    if (there === undefined) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await copyFile(join(root, path), join(folder, path));
  }
}
