import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { tool } from './tool.js';

const folder = '/var/local/packages';

/**
 * Adds .deb files to a repository inside the server's root, which is all that its apt knows. `copy:` makes apt treat
 * them as it treats downloads: they pass through /var/cache/apt/archives.
 */
export async function addToRepository(root: string, files: readonly string[]): Promise<void> {
  const repository = join(root, folder);
  await mkdir(repository, { recursive: true });
  for (const file of files) await copyFile(file, join(repository, basename(file)));
  const names = (await readdir(repository)).filter((name) => name.endsWith('.deb')).sort();
  const paragraphs = await Promise.all(names.map((name) => paragraph(repository, name)));
  await writeFile(join(repository, 'Packages'), paragraphs.join('\n'));
  await writeFile(join(root, 'etc/apt/sources.list'), `deb [trusted=yes] copy:${folder} ./\n`);
}

/** What a repository's index says of one package (deb-control(5), and the fields that apt adds). */
async function paragraph(repository: string, name: string): Promise<string> {
  const file = join(repository, name);
  const control = await tool(['dpkg-deb', '--field', file]);
  const content = await readFile(file);
  const digest = createHash('sha256').update(content).digest('hex');
  return `${control.trimEnd()}\nFilename: ./${name}\nSize: ${content.length}\nSHA256: ${digest}\n`;
}
