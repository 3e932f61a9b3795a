// Writes docs/generated/saga.md from the saga table. Run after the build. `--check` only says whether it is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { renderSagaDocument } from '@podway/pipeline';

const file = new URL('../../docs/generated/saga.md', import.meta.url);
const document = renderSagaDocument();

if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== document) {
    console.error('docs/generated/saga.md is stale: node tools/generate/saga.mjs');
    process.exitCode = 1;
  }
} else {
  await mkdir(new URL('.', file), { recursive: true });
  await writeFile(file, document);
}
