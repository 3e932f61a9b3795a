import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blocksOf, type CodeBlock } from './markdown.js';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Pages that are written by hand: paths below the root, in their order. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('generated/'))
    .map((name) => join('docs', name))
    .sort(),
];

/** A code block, and the page that it is on. */
export interface PageBlock extends CodeBlock {
  page: string;
}

/** The code blocks of a page, in their order. */
export const blocksOn = (page: string): PageBlock[] =>
  blocksOf(readFileSync(join(root, page), 'utf8')).map((block) => ({ page, ...block }));

/**
 * The blocks that pages leave to one test.
 * @param test The test's own `import.meta.url`.
 * @throws Where no page names it.
 */
export function blocksRunBy(test: string): PageBlock[] {
  const name = relative(root, fileURLToPath(test));
  const found = pages.flatMap(blocksOn).filter(({ runBy }) => runBy === name);
  if (found.length === 0) throw new Error(`No page says that ${name} runs one of its blocks`);
  return found;
}
