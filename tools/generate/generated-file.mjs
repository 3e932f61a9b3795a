// Writes a generated JSON file, or with `--check` says whether the committed one is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';

const root = new URL('../../', import.meta.url);

/** The text of a document as it is committed. */
export async function formatted(path, document) {
  const filepath = fileURLToPath(new URL(path, root));
  const options = await prettier.resolveConfig(filepath);
  return prettier.format(JSON.stringify(document), { ...options, filepath });
}

/** `path` from the root of the repository. */
export async function generate(path, document, command) {
  const file = new URL(path, root);
  const text = await formatted(path, document);
  if (!process.argv.includes('--check')) {
    await mkdir(new URL('.', file), { recursive: true });
    await writeFile(file, text);
    return;
  }
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed === text) return;
  console.error(`${path} is stale: ${command}`);
  process.exitCode = 1;
}
