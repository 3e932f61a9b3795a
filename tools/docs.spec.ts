import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allMessages, BundleManifest, PodsFile, services, validated } from '@podway/contracts';
import { runProgram } from '@podway/cli';
import { anchorsOf, codeBlocks, commandLines, linksOf } from './markdown.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = ['README.md', ...markdownBelow('docs')];
const written = pages.filter((page) => !page.startsWith('docs/generated/'));
const textOfAll = written.map(textOf).join('\n');
const lines = written.flatMap((page) => commandLines(textOf(page)).map((line) => [page, line] as const));

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

describe('links', () => {
  const links = pages.flatMap((page) => linksOf(textOf(page)).map((link) => [page, link] as const));
  const inside = links.filter(([, link]) => !/^[a-z]+:/.test(link));

  it.each(inside)('%s: %s leads somewhere', (page, link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    expect(existsSync(join(root, target)), target).toBe(true);
    if (anchor === undefined) return;
    expect(statSync(join(root, target)).isFile()).toBe(true);
    expect(anchorsOf(textOf(target))).toContain(anchor);
  });

  it('reach every page from the README', () => {
    const seen = new Set<string>();
    const visit = (page: string): void => {
      if (seen.has(page) || !pages.includes(page)) return;
      seen.add(page);
      for (const link of linksOf(textOf(page))) {
        const [path = ''] = link.split('#');
        if (path !== '') visit(relative(root, join(root, dirname(page), path)));
      }
    };
    visit('README.md');
    expect(pages.filter((page) => !seen.has(page))).toEqual([]);
  });
});

describe('commands', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

  it('of npm are scripts', () => {
    const named = [...textOfAll.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('of Nx name services', () => {
    const named = [...textOfAll.matchAll(/npx nx serve ([a-z-]+)/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(services as readonly string[]).includes(name))).toEqual([]);
  });

  const podway = lines
    .map(([page, line]) => [page, /^(?:npm run (?:-s )?podway --|podway) ([^#|;]+)/.exec(line)?.[1]?.trim()])
    .filter((one): one is [string, string] => one[1] !== undefined);

  it.each(podway)('%s: podway %s', async (_page, line) => {
    const [first = '', second = ''] = line.split(' ');
    const name = isGroup(first) ? [first, second] : [first];
    const { code, text } = await helpOf(name);
    expect(code).toBe(0);
    expect(text).toContain(`Usage: podway ${name.join(' ')} `);
    for (const option of line.match(/(?<= )--?[a-z][a-z-]*/g) ?? []) expect(text).toContain(option);
  });

  it('of podway are many', () => {
    expect(podway.length).toBeGreaterThan(15);
  });

  it('of the command line are all described', () => {
    const publishing = `${textOf('docs/publishing.md')}${textOf('docs/operating.md')}${textOf('docs/pods-file.md')}`;
    const commands = [...textOf('apps/cli/src/program.ts').matchAll(/add\((\w+), '([a-z-]+)'/g)];
    const names = commands.map(([, parent = '', name]) =>
      parent === 'program' ? name : `${parent.replace('deadLetters', 'dead-letters')} ${name}`,
    );
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !publishing.includes(`podway ${name}`))).toEqual([]);
  });
});

describe('examples', () => {
  const blocks = written.flatMap((page) =>
    codeBlocks(textOf(page), 'yaml').map((text) => [page, text] as const),
  );

  it.each(blocks)('%s: YAML of ours is valid\n%s', (_page, text) => {
    const document = parse(text) as Record<string, unknown>;
    const type = 'pods' in document ? PodsFile : BundleManifest;
    expect(() => validated<object>(type, document, { strict: true })).not.toThrow();
  });

  it.each(written.flatMap((page) => codeBlocks(textOf(page), 'json').map((text) => [page, text] as const)))(
    '%s: JSON can be read\n%s',
    (_page, text) => {
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    },
  );
});

describe('names', () => {
  it('of variables exist', () => {
    const known = [
      'docs/generated/settings.md',
      'docker-compose.yml',
      'apps/cli/src/settings/connection-settings.ts',
      'libs/installers/src/script-installer.ts',
    ].map(textOf);
    const named = new Set(textOfAll.match(/\bPODWAY_[A-Z_]+[A-Z]\b/g));
    expect(named.size).toBeGreaterThan(10);
    expect([...named].filter((name) => !known.some((text) => text.includes(name)))).toEqual([]);
  });

  it('of events are all there, and no others', () => {
    const events = allMessages().filter((message) => message.kind === 'event');
    const described = new Set(textOf('docs/events.md').match(/io\.podway\.[a-z.-]+\.v\d+/g));
    expect([...described].sort()).toEqual(events.map((event) => event.type).sort());
  });

  it('of requests are in the OpenAPI document', () => {
    const { paths } = JSON.parse(textOf('apps/ingress-gateway/openapi.json')) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const known = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    const named = [...textOfAll.matchAll(/\b(GET|POST|PUT|DELETE) (\/[a-z0-9/:.-]+)/g)];
    expect(named.length).toBeGreaterThan(8);
    expect(
      named.map(([, method, path]) => `${method} ${path}`).filter((one) => !known.includes(one)),
    ).toEqual([]);
  });

  it('of files in the repository exist', () => {
    const named = textOfAll.matchAll(/`((?:apps|libs|tools|docs|examples|schemas|e2e)\/[A-Za-z0-9._/-]+)`/g);
    const paths = [...named].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(1);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

function isGroup(name = ''): boolean {
  return ['pods', 'keys', 'dead-letters'].includes(name);
}

async function helpOf(name: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const sink = { write: (chunk: string) => (text += chunk) };
  const code = await runProgram([...name, '--help'], {
    stdout: sink,
    stderr: sink,
    env: {},
    cwd: root,
    home: root,
    interrupted: new AbortController().signal,
  });
  return { code, text };
}
