// `npm run check`: types, format, lint with module walls, cycles, dead exports, stale generated files, the site.
import { spawnSync } from 'node:child_process';

const env = { ...process.env, NX_DAEMON: 'false', FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
const steps = [
  ['types of sources', 'tsc', ['-b']],
  ['types of the dashboard', 'tsc', ['-p', 'apps/dashboard/tsconfig.json']],
  ['types of tests and tools', 'tsc', ['-p', 'tsconfig.spec.json']],
  ['types of the documentation', 'tsc', ['-p', 'docs/.vitepress']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
  // The wall rule skips itself silently without a fresh project graph.
  ['project graph', 'nx', ['graph', '--file=.nx/graph.json']],
  [
    'lint and module walls',
    'eslint',
    ['apps', 'libs', 'e2e', 'tools', 'bench', '--no-error-on-unmatched-pattern', '--max-warnings', '0'],
  ],
  ['import cycles', 'oxlint', ['--import-plugin', '-A', 'all', '-D', 'import/no-cycle', 'apps', 'libs']],
  ['dead exports', 'knip', ['--no-progress']],
  ['generated files', process.execPath, ['tools/generate/all.mjs', '--check']],
  ['documentation', 'vitepress', ['build', 'docs']],
];

let failed = 0;
for (const [name, command, args] of steps) {
  const started = Date.now();
  const run = spawnSync(command, args, {
    env: { ...env, PATH: `node_modules/.bin:${env.PATH}` },
    encoding: 'utf8',
  });
  const ok = run.status === 0;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
  if (ok) continue;
  failed += 1;
  console.log((run.error?.message ?? '') + run.stdout + run.stderr);
}
console.log(failed === 0 ? 'check: all is well' : `check: ${failed} of ${steps.length} failed`);
process.exit(failed === 0 ? 0 : 1);
