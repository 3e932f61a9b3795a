import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allMessages, BundleManifest, Check, PodsFile, services, validated } from '@podway/contracts';
import { runProgram } from '@podway/cli';
import { anchorsOf, blocksOf, codeBlocks, commandLines, linksOf } from './markdown.js';

type Tree = Record<string, Record<string, unknown> | undefined>;

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
    const third = line.split(' ')[2] ?? '';
    const within = second === 'broker-user' || second === 'variables' ? [second, third] : [second];
    // These do something by themselves, and have commands below them.
    const below = /^(releases|servers)$/.test(first) && /^(show|mark-bad|unmark)$/.test(second);
    const name = isGroup(first) || below ? [first, ...within] : [first];
    const { code, text } = await helpOf(name);
    expect(code).toBe(0);
    expect(text).toContain(`Usage: podway ${name.join(' ')} `);
    for (const option of line.match(/(?<= )--?[a-z][a-z-]*/g) ?? []) expect(text).toContain(option);
  });

  it('of podway are many', () => {
    expect(podway.length).toBeGreaterThan(15);
  });

  it('of the command line are all described', () => {
    const commands = [...textOf('apps/cli/src/program.ts').matchAll(/add\((\w+), '([a-z-]+)'/g)];
    const names = commands.map(([, parent = '', name]) =>
      parent === 'program'
        ? name
        : `${parent
            .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
            .replace('broker-users', 'clients broker-user')
            .replace('client-variables', 'clients variables')} ${name}`,
    );
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !textOfAll.includes(`podway ${name}`))).toEqual([]);
  });
});

describe('examples', () => {
  const blocks = written.flatMap((page) =>
    codeBlocks(textOf(page), 'yaml').map((text) => [page, text] as const),
  );

  it.each(blocks)('%s: YAML of ours is valid\n%s', (_page, text) => {
    const document = parse(text) as Record<string, unknown>;
    // Only a part: it is made by a test of its own.
    if (Object.keys(document).join() === 'checks') {
      for (const check of document.checks as object[])
        expect(() => validated(Check, check, { strict: true })).not.toThrow();
      return;
    }
    const type = 'pods' in document ? PodsFile : BundleManifest;
    expect(() => validated<object>(type, document, { strict: true })).not.toThrow();
  });

  it('the program that publishes over AMQP is the one that is run by the tests', () => {
    const [shown, ...others] = codeBlocks(textOf('docs/publishing.md'), 'js');
    expect(others).toEqual([]);
    expect(shown?.trim()).toBe(textOf('examples/publish-over-amqp.mjs').trim());
  });

  it('the program of the SDK is the one that is run by the tests', () => {
    const [shown, ...others] = codeBlocks(textOf('docs/sdk.md'), 'js');
    expect(others).toEqual([]);
    expect(shown?.trim()).toBe(textOf('examples/sdk/publish.mjs').trim());
  });

  it('the lines about Debian servers are those of their own test', () => {
    const [shown = '', ...others] = codeBlocks(textOf('docs/testing.md'), 'ts');
    expect(others).toEqual([]);
    const test = textOf('libs/testing/src/debian-servers/debian-servers.system.spec.ts');
    expect(
      shown
        .trim()
        .split('\n')
        .filter((line) => !test.includes(line)),
    ).toEqual([]);
  });

  it('programs are in no other language that nothing looks at', () => {
    const known = ['', 'sh', 'sql', 'yaml', 'yml', 'js', 'ts', 'json', 'text', 'mermaid', 'ini'];
    const found = written.flatMap((page) => blocksOf(textOf(page)).map(({ language }) => language));
    expect([...new Set(found)].filter((language) => !known.includes(language))).toEqual([]);
  });

  it('of CI systems give what the templates take', () => {
    const [github, gitlab] = codeBlocks(textOf('docs/command-line.md'), 'yml').map(
      (text) => parse(text) as Tree,
    );
    const { inputs } = parse(textOf('deploy/github-action/action.yml')) as { inputs: Tree };
    const steps = (github?.jobs?.publish as { steps: Tree[] } | undefined)?.steps ?? [];
    const given = Object.keys(steps.at(-1)?.with ?? {});
    expect(given.filter((name) => !(name in inputs))).toEqual([]);
    expect(
      Object.keys(inputs).filter((name) => inputs[name]?.required === true && !given.includes(name)),
    ).toEqual([]);
    const template = parse(textOf('deploy/gitlab/podway.gitlab-ci.yml')) as Tree;
    const { extends: name = '', variables = {} } = gitlab?.publish ?? {};
    const known = { PODWAY_URL: '', ...(template[String(name)]?.variables as object) };
    expect(Object.keys(variables as object).filter((variable) => !(variable in known))).toEqual([]);
  });

  it('programs about events are those that tests run; the one that verifies a webhook does', async () => {
    const shown = codeBlocks(textOf('docs/events.md'), 'js').map((text) => text.trim());
    const tried = ['examples/verify-webhook.mjs', 'examples/replay-events.mjs'];
    expect(shown).toEqual(tried.map((path) => textOf(path).trim()));
    type Verify = (secret: string, headers: Record<string, string>, body: string) => unknown;
    const file = pathToFileURL(join(root, 'examples/verify-webhook.mjs')).href;
    const { receivedEvent } = (await import(/* @vite-ignore */ file)) as { receivedEvent: Verify };
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    const now = new Date();
    const headers = {
      'webhook-id': 'x',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('x', now, '{"a":1}'),
    };
    expect(receivedEvent(secret, headers, '{"a":1}')).toEqual({ a: 1 });
    expect(() => receivedEvent(secret, headers, '{"a":2}')).toThrow();
  });
});

describe('names', () => {
  it('of variables exist', () => {
    const known = [
      'docs/generated/settings.md',
      'docker-compose.yml',
      'apps/cli/src/settings/connection-settings.ts',
      'libs/installers/src/script-installer.ts',
      'libs/state/host/79-command.sh',
      'libs/installers/src/server-job.ts',
      'libs/installers/src/variables.ts',
      'libs/contracts/src/documents/variables.ts',
      'deploy/gitlab/podway.gitlab-ci.yml',
      'e2e/support/browser.ts',
      'e2e/support/containers/base-images.ts',
    ].map(textOf);
    const named = new Set(textOfAll.match(/\bPODWAY_[A-Z_]+[A-Z]\b/g));
    expect(named.size).toBeGreaterThan(10);
    // Names that an operator or a publisher makes up.
    const own = /^PODWAY_(SECRET|VAR)_/;
    expect(
      [...named].filter((name) => !own.test(name) && !known.some((text) => text.includes(name))),
    ).toEqual([]);
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
  return [
    'pods',
    'keys',
    'clients',
    'trusts',
    'delegations',
    'webhooks',
    'dead-letters',
    'signing-keys',
    'audit',
    'resources',
    'artifacts',
    'quotas',
  ].includes(name);
}

async function helpOf(name: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const sink = { write: (chunk: string) => (text += chunk) };
  const code = await runProgram([...name, '--help'], {
    stdout: sink,
    stderr: sink,
    stdin: { text: () => Promise.resolve(''), line: () => Promise.resolve('') },
    env: {},
    cwd: root,
    home: root,
    interrupted: new AbortController().signal,
  });
  return { code, text };
}
