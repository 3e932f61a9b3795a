import { copyFile, mkdir } from 'node:fs/promises';
import { createReadStream, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MarkdownRenderer, Plugin } from 'vitepress';

const root = fileURLToPath(new URL('../..', import.meta.url));
const linked = new Set<string>();

/**
 * Pages link to files of the repository, as they are read on a code host too. The site has a copy of each such file; a folder,
 * of which there is none, is only named.
 */
export function linksToSources(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('sources', ({ tokens, env }) => {
    for (const { children } of tokens)
      for (const [at, token] of (children ?? []).entries()) {
        const file = sourceOf(token.attrGet('href'), (env as { path: string }).path);
        if (file === undefined) continue;
        if (statSync(join(root, file)).isDirectory()) {
          const end = children?.slice(at).find(({ type }) => type === 'link_close');
          for (const one of [token, end]) if (one !== undefined) one.tag = 'span';
          token.attrs = [];
          token.type = 'span_open';
        } else {
          linked.add(file);
          token.attrs = [
            ['href', `/source/${file}`],
            ['target', '_blank'],
            ['rel', 'noreferrer'],
          ];
        }
      }
  });
}

/** The file that a link of a page leads to, from the root of the repository, when it is no page. */
function sourceOf(href: string | null, page: string): string | undefined {
  if (href === null || /^([a-z]+:|#|\/)/.test(href)) return undefined;
  const [path = ''] = href.split('#');
  const file = relative(root, resolve(dirname(page), path));
  return file.startsWith('docs/') && file.endsWith('.md') ? undefined : file;
}

export async function copySources(outDir: string): Promise<void> {
  for (const file of linked) {
    await mkdir(dirname(join(outDir, 'source', file)), { recursive: true });
    await copyFile(join(root, file), join(outDir, 'source', file));
  }
}

/** The same while pages are being written. */
export const servedSources: Plugin = {
  name: 'podway-sources',
  configureServer({ middlewares }) {
    middlewares.use('/source/', ({ url = '' }, response, next) => {
      const file = decodeURIComponent(url.slice(1));
      if (!linked.has(file)) next();
      else createReadStream(join(root, file)).pipe(response);
    });
  },
};
