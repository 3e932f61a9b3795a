import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { PodsFile, validated, type StatePart } from '@podway/contracts';

/** Part of that name in the examples of docs/state.md, with other paths in place of those that it names. */
export function documentedPart(name: string, paths: Readonly<Record<string, string>>): StatePart {
  const text = readFileSync(new URL('../../../docs/state.md', import.meta.url), 'utf8');
  const parts = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, block = '']) => {
    const moved = Object.entries(paths).reduce((yaml, [path, place]) => yaml.replaceAll(path, place), block);
    const document = validated(PodsFile, parse(moved) as object, { strict: true });
    return document.pods.flatMap(({ state }) => state.parts ?? []);
  });
  const found = parts.filter((part) => part.name === name);
  if (found.length !== 1 || !found[0])
    throw new Error(`docs/state.md has ${found.length} parts named ${name}`);
  return found[0];
}
