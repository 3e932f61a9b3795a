// `npm run generate`: runs every generator on the built packages. `-- --check` only says what is missing or stale.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const generators = ['saga', 'openapi', 'asyncapi', 'schemas', 'settings', 'metrics', 'compose', 'reference'];

const failed = generators.filter((name) => {
  const script = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  return spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' }).status !== 0;
});
if (failed.length > 0) {
  console.error(`generate: failed: ${failed.join(', ')}`);
  process.exit(1);
}
