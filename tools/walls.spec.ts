import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const modules = '@nx/enforce-module-boundaries';

/** What is planted where, and the rule that must see it. */
const violations = [
  ['an app imports another app', 'apps/auth/src', "import '@podway/verifier';", modules],
  ['an app imports another by its path', 'apps/auth/src', "import '../../verifier/src/service.js';", modules],
  ['an app loads another by its name', 'apps/auth/src', "await import('@podway/verifier');", modules],
  ['an app imports the database driver', 'apps/auth/src', "import 'pg';", modules],
  [
    'an app imports a type of the database driver',
    'apps/auth/src',
    "export type { Pool } from 'pg';",
    modules,
  ],
  ['an app imports the client of Prometheus', 'apps/auth/src', "import 'prom-client';", modules],
  [
    'an app sends traces itself',
    'apps/auth/src',
    "import '@opentelemetry/exporter-trace-otlp-http';",
    modules,
  ],
  ['telemetry imports the database driver', 'libs/telemetry/src', "import 'pg';", modules],
  ['an app imports the SSH client', 'apps/installer-agent/src', "import 'node-ssh';", modules],
  ['persistence imports the broker client', 'libs/persistence/src', "import 'amqplib';", modules],
  ['messaging imports the database driver', 'libs/messaging/src', "import 'typeorm';", modules],
  ['contracts import a library', 'libs/contracts/src', "import '@podway/hosts';", modules],
  ['the pipeline imports Nest', 'libs/pipeline/src', "import '@nestjs/common';", modules],
  ['the pipeline imports a library with I/O', 'libs/pipeline/src', "import '@podway/persistence';", modules],
  ['the SDK imports a library', 'libs/sdk/src', "import '@podway/persistence';", modules],
  ['the dashboard imports past the SDK', 'apps/dashboard/src', "import '@podway/persistence';", modules],
  ['the dashboard imports another app', 'apps/dashboard/src', "import '@podway/cli';", modules],
  ['the CLI imports past the SDK', 'apps/cli/src', "import '@podway/persistence/embedded';", modules],
  ['a library imports an app', 'libs/hosts/src', "import '@podway/auth';", modules],
  ...['artifacts', 'balancing', 'installers', 'probes', 'state'].map(
    (name) =>
      [
        `libs/${name} imports a package that another owns`,
        `libs/${name}/src`,
        "import 'pg';",
        'no-restricted-imports',
      ] as const,
  ),
  [
    'the dashboard imports the validators of the contracts',
    'apps/dashboard/src',
    "import { isHostingRole } from '@podway/contracts';\nexport const planted = isHostingRole;",
    '@typescript-eslint/no-restricted-imports',
  ],
  [
    'a service reads the environment itself',
    'apps/auth/src',
    'export const planted = process.env.PLANTED;',
    'no-restricted-properties',
  ],
] as const;

const permitted = [
  [
    'persistence imports its driver and the contracts',
    'libs/persistence/src',
    "import 'pg';\nimport '@podway/contracts';",
  ],
  [
    'the dashboard imports the SDK and the contracts',
    'apps/dashboard/src',
    "import '@podway/sdk';\nimport '@podway/contracts/plain';",
  ],
  [
    'an app imports libraries',
    'apps/auth/src',
    "import '@podway/persistence';\nimport '@podway/service-kit';",
  ],
] as const;

/**
 * The walls are lint rules, and the rule for modules says nothing at all when it has no project graph. So violations
 * are planted in a copy of the workspace, and must be seen.
 */
describe('walls between modules', () => {
  let workspace = '';
  let rulesOf = new Map<string, (string | null)[]>();

  beforeAll(() => {
    workspace = realpathSync(mkdtempSync(join(tmpdir(), 'podway-walls-')));
    copyWorkspace(workspace);
    const graph = run('nx', ['graph', '--file=.nx/graph.json']);
    expect(graph.status, graph.stdout).toBe(0);
    const files = [...violations, ...permitted].map(([, folder, text], index) => {
      const file = join(workspace, folder, `planted-${index}.ts`);
      writeFileSync(file, `${text}\nexport {};\n`);
      return file;
    });
    const results = JSON.parse(run('eslint', ['--format', 'json', ...files]).stdout) as {
      filePath: string;
      messages: { ruleId: string | null }[];
    }[];
    rulesOf = new Map(results.map((one) => [one.filePath, one.messages.map((message) => message.ruleId)]));
  }, 240_000);

  afterAll(() => rmSync(workspace, { recursive: true, force: true }));

  function run(program: string, args: readonly string[]): { status: number | null; stdout: string } {
    return spawnSync(join('node_modules/.bin', program), args, {
      cwd: workspace,
      env: { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: '0' },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
  }

  const planted = (folder: string, index: number): (string | null)[] | undefined =>
    rulesOf.get(join(workspace, folder, `planted-${index}.ts`));

  it.each(violations.map((one, index) => [...one, index] as const))(
    'are seen when %s',
    (_what, folder, _text, rule, index) => {
      expect(planted(folder, index)).toEqual([rule]);
    },
  );

  it.each(permitted.map((one, index) => [...one, violations.length + index] as const))(
    'say nothing when %s',
    (_what, folder, _text, index) => {
      expect(planted(folder, index)).toEqual([]);
    },
  );
});

/** All that lint reads, without what was built. Third-party packages are the ones that are installed. */
function copyWorkspace(to: string): void {
  const skipped = new Set(['node_modules', 'dist', '.nx']);
  const names = readdirSync(root).filter((name) => /^(apps|libs|eslint|nx|tsconfig|package)/.test(name));
  for (const name of names) {
    cpSync(join(root, name), join(to, name), {
      recursive: true,
      filter: (source) => !skipped.has(source.split('/').at(-1) ?? ''),
    });
  }
  // Our own packages lead to the copy: a project that lies elsewhere is none.
  const [packages, ours] = [join(to, 'node_modules'), join(to, 'node_modules/@podway')];
  mkdirSync(ours, { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')).filter((one) => one !== '@podway')) {
    symlinkSync(join(root, 'node_modules', name), join(packages, name));
  }
  for (const folder of ['apps', 'libs']) {
    for (const name of readdirSync(join(to, folder))) symlinkSync(join(to, folder, name), join(ours, name));
  }
}
