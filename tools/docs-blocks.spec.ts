import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  parseMessage,
  Problem,
  services,
  SignedStatement,
  UpdateStatement,
  UpdateView,
  validated,
} from '@podway/contracts';
import { service as gateway } from '@podway/ingress-gateway';
import { readSettings, settingsOf } from '@podway/service-kit';
import { blocksOn, pages } from './pages.js';

const root = fileURLToPath(new URL('../', import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const blocks = pages.flatMap(blocksOn);
const of = (wanted: string): [string, string][] =>
  blocks.filter(({ language }) => language === wanted).map(({ page, text }) => [page, text]);
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

it('no block is passed over: what its first line says is understood', () => {
  const fences = pages.flatMap((page) =>
    [...textOf(page).matchAll(/^ *```(.*)$/gm)].map(([, info = '']) => `${page}: ${info}`),
  );
  expect(fences.filter((fence) => !/: ([a-z]*|sh run-by: \S+)$/.test(fence))).toEqual([]);
  expect(fences).toHaveLength(2 * blocks.length);
});

/** What e2e/docs.spec.ts does not run. */
describe('commands that have a test of their own', () => {
  const left = blocks.filter(({ runBy }) => runBy !== undefined);
  const text = left.map((block) => block.text).join('\n');

  it.each([...new Set(left.map(({ runBy = '' }) => runBy))])('%s takes them from the pages', (test) => {
    expect(test).toMatch(/\.spec\.ts$/);
    expect(textOf(test)).toContain('blocksRunBy(import.meta.url)');
  });

  it.each(left.map(({ page, runBy, text: script }) => [page, runBy, script]))(
    '%s: %s: a shell takes it\n%s',
    (_page, _runBy, script) => {
      expect(spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })).toMatchObject({
        ...{ status: 0, stderr: '' },
      });
    },
  );

  // Some of these tests are long ones: what is misspelt is seen before.
  it('name scripts and programs of this repository', () => {
    const named = [...text.matchAll(/\bnpm (?:run )?([a-z:]+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'ci');
    expect(named).toContain('test');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    const programs = [...text.matchAll(/\bnode (\S+)/g)].map(([, path = '']) => path);
    expect(programs.length).toBeGreaterThan(0);
    expect(programs.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('commands that are run in another form', () => {
  it('are the same: what Nx serves is the program, and npm installs before all tests', () => {
    for (const name of services) {
      const { scripts: own } = JSON.parse(textOf(`apps/${name}/package.json`)) as {
        scripts: { serve: string };
      };
      expect(own.serve, name).toBe('node dist/main.js');
    }
    expect(
      readdirSync(join(root, '.ci'))
        .map((name) => textOf(join('.ci', name)))
        .join('\n'),
    ).toMatch(/^npm ci\b/m);
  });
});

/** Cut off for readers: `01J…`, `9f86d0…`, `eyJj…`. */
function whole(text: string): string {
  return text
    .replaceAll('"01J…"', '"01J00000000000000000000000"')
    .replaceAll(/"([0-9a-f]{6,})…"/g, (_all, start: string) => `"${start.padEnd(64, '0')}"`)
    .replaceAll('…', '');
}

describe('JSON', () => {
  it.each(of('json'))('%s: is what the contracts say\n%s', (_page, text) => {
    const document = JSON.parse(whole(text)) as object;
    if ('specversion' in document) {
      const { envelope } = parseMessage(document);
      // Nothing is in it that a reader would look for in vain.
      expect(JSON.parse(JSON.stringify(envelope))).toEqual(document);
      return;
    }
    const kinds = {
      payloadType: SignedStatement,
      sequence: UpdateStatement,
      status: Problem,
      source: UpdateView,
    };
    const kind = Object.entries(kinds).find(([property]) => property in document)?.[1];
    if (kind === undefined) throw new Error('Nothing looks at JSON of this kind');
    expect(() => validated<object>(kind, document, { strict: true })).not.toThrow();
  });
});

describe('settings', () => {
  it.each(of('ini'))('%s: the gateway takes them\n%s', (_page, text) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const env = Object.fromEntries(
      lines.map((line) => {
        const [, name = '', value = ''] = /^(\w+)=(\S+)/.exec(line.replaceAll('…', 'secret')) ?? [];
        return [name, value];
      }),
    );
    const known = settingsOf(gateway.settings).map(({ variable }) => variable);
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([]);
    const database = { DATABASE_URL: 'postgres://podway@localhost/podway' };
    expect(() => readSettings(gateway.settings, { ...database, ...env })).not.toThrow();
  });
});
