import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** What is not in a clone, and what it has of its own. */
const left = ['.git', '.nx', '.podway', 'dist', 'package.json'];

/**
 * A folder that stands for a clone of the repository: the files are those of this one, what is made there stays there.
 * It counts as built, as this one is before any test.
 */
export async function checkOut(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  for (const name of await readdir(root))
    if (!left.includes(name)) await symlink(join(root, name), join(folder, name));
  const about = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  about.scripts.build = 'true';
  await writeFile(join(folder, 'package.json'), JSON.stringify(about, undefined, 2));
}
