// Writes a generated JSON file as it is formatted here.
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { writeOrCheck } from './write-or-check.mjs';

/** The text of a document as it is committed. `path` from the root of the repository. */
export async function formatted(path, document) {
  const filepath = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const options = await prettier.resolveConfig(filepath);
  return prettier.format(JSON.stringify(document), { ...options, filepath });
}

/** Writes it, or with `--check` says whether the committed one is stale. */
export async function generate(path, document) {
  await writeOrCheck(path, await formatted(path, document));
}
