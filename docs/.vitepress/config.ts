import { fileURLToPath } from 'node:url';
import { defineConfig, type MarkdownRenderer } from 'vitepress';
import { anchorOf } from '../../tools/markdown.js';
import { sections } from './pages.js';
import { copySources, linksToSources, servedSources } from './sources.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sidebar = sections();
const nav = ['Start', 'Concepts', 'How-to', 'Operations', 'Reference'].map((text) => ({
  text,
  link: sidebar.find((section) => section.text === text)?.items[0]?.link ?? '/',
}));

/** Diagrams are drawn in the browser, by the theme. */
function diagrams(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index];
    if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, ...rest) ?? '';
    return `<Diagram source="${encodeURIComponent(token.content)}" />`;
  };
}

/** What a block says to the tests is not for readers. */
function plainLanguages(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('languages', ({ tokens }) => {
    for (const token of tokens)
      if (token.type === 'fence') token.info = token.info.replace(/^(\w+) run-by:.*$/, '$1');
  });
}

export default defineConfig({
  title: 'Podway',
  description: 'Distributes content and software, fail-safe, to the servers that host it.',
  lang: 'en-GB',
  head: [['link', { rel: 'icon', href: '/icon.svg', type: 'image/svg+xml' }]],
  outDir: `${root}/dist/docs`,
  cacheDir: `${root}/dist/docs-cache`,
  cleanUrls: false,
  rewrites: { 'adr/README.md': 'adr/index.md' },
  markdown: {
    anchor: { slugify: anchorOf },
    config: (markdown) => {
      linksToSources(markdown);
      plainLanguages(markdown);
      diagrams(markdown);
    },
  },
  themeConfig: {
    nav,
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
    footer: { message: 'Apache-2.0' },
  },
  // The pages of reference are long.
  vite: {
    publicDir: `${root}/apps/dashboard/public`,
    plugins: [servedSources],
    build: { chunkSizeWarningLimit: 2000 },
  },
  buildEnd: ({ outDir }) => copySources(outDir),
});
