import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { PodsFile, validated, type StatePart } from '@podway/contracts';

const page = (): string => readFileSync(new URL('../../../docs/state.md', import.meta.url), 'utf8');
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The scripts of docs/state.md that name a test, by its `import.meta.url`, as the one that runs them; tools/pages.ts is out of a library's reach. */
export function blocksRunBy(test: string): string[] {
  const name = relative(root, fileURLToPath(test));
  const blocks = [...page().matchAll(/^```sh run-by: (\S+)\n([^]*?)^```$/gm)];
  const found = blocks.filter(([, runBy]) => runBy === name).map(([, , text = '']) => text);
  if (found.length === 0) throw new Error(`docs/state.md does not say that ${name} runs a script`);
  return found;
}

/** Part of that name in the examples of docs/state.md, with other paths in place of those that it names. */
export function documentedPart(name: string, paths: Readonly<Record<string, string>>): StatePart {
  const parts = [...page().matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, block = '']) => {
    const moved = Object.entries(paths).reduce((yaml, [path, place]) => yaml.replaceAll(path, place), block);
    const document = validated(PodsFile, parse(moved) as object, { strict: true });
    return document.pods.flatMap(({ state }) => state.parts ?? []);
  });
  const found = parts.filter((part) => part.name === name);
  if (found.length !== 1 || !found[0])
    throw new Error(`docs/state.md has ${found.length} parts named ${name}`);
  return found[0];
}
