import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Item {
  text: string;
  link: string;
}

interface Section {
  text: string;
  collapsed?: boolean;
  items: Item[];
}

const folder = fileURLToPath(new URL('..', import.meta.url));

/** The sections and what stands first in each. Pages that are not named here come after those, by their names. */
const order: readonly { text: string; pages: readonly string[]; takes: RegExp; collapsed?: boolean }[] = [
  { text: 'Start', pages: ['index', 'quick-start'], takes: /^$/ },
  {
    text: 'Concepts',
    pages: ['concepts', 'glossary', 'architecture', 'generated/saga', 'threat-model', 'benchmarks'],
    takes: /^$/,
  },
  { text: 'How-to', pages: ['how-to/index'], takes: /^how-to\// },
  {
    text: 'Guides',
    pages: [
      ...['publishing', 'command-line', 'dashboard', 'sdk', 'pods-file', 'clients', 'releases', 'events'],
      ...['installers', 'state', 'state-database', 'verification'],
    ],
    takes: /^[^/]+$/,
  },
  {
    text: 'Operations',
    pages: ['operating', 'monitoring'],
    takes: /^operations\//,
  },
  {
    text: 'Reference',
    pages: [
      ...['generated/cli', 'generated/api', 'generated/messages', 'generated/podway-yaml'],
      ...['generated/pods-yaml', 'generated/settings', 'generated/metrics'],
    ],
    takes: /^generated\//,
  },
  { text: 'Working on it', pages: ['testing'], takes: /^$/ },
  { text: 'Decisions', pages: ['adr/README'], takes: /^adr\//, collapsed: true },
];

/** Every page of the folder, in its section. */
export function sections(): Section[] {
  const left = new Set(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.startsWith('.'))
      .map((name) => name.slice(0, -'.md'.length)),
  );
  const take = (names: readonly string[]): string[] => names.filter((name) => left.delete(name));
  // Named pages first, everywhere: a section may take those of a folder that another one names.
  const named = order.map(({ pages }) => take(pages));
  const found = order.map(({ text, takes, collapsed }, at) => ({
    text,
    ...(collapsed === undefined ? {} : { collapsed }),
    items: [...(named[at] ?? []), ...take([...left].filter((name) => takes.test(name)).sort())].map(item),
  }));
  if (left.size > 0) throw new Error(`No section takes ${[...left].join(', ')}`);
  return found.filter(({ items }) => items.length > 0);
}

/** A page by its first heading. */
function item(name: string): Item {
  const heading = /^# (.+)$/m.exec(readFileSync(`${folder}/${name}.md`, 'utf8'))?.[1];
  if (heading === undefined) throw new Error(`docs/${name}.md has no heading`);
  return { text: heading.replaceAll('`', ''), link: `/${name.replace(/(^|\/)(index|README)$/, '$1')}` };
}
