import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Writes a generated file; with `--check` only says, by the exit code, whether the committed one is missing or stale. */
export async function writeOrCheck(path, text) {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
  if (process.argv.includes('--check')) {
    const committed = await readFile(file, 'utf8').catch(() => undefined);
    if (committed === text) return;
    console.error(`${path} is ${committed === undefined ? 'missing' : 'stale'}: npm run generate`);
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
