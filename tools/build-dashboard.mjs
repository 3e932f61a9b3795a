// Part of `npm run build`: bundles the dashboard, unless what it is made from is as it was at the last time.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const dashboard = join(root, 'apps/dashboard');
const stamp = join(dashboard, 'dist/made-from');

const madeFrom = hashOf([
  ...['src', 'public', 'index.html', 'vite.config.ts'].map((name) => join(dashboard, name)),
  join(root, 'libs/sdk/src'),
  join(root, 'libs/contracts/src'),
  join(root, 'package-lock.json'),
]);
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== madeFrom) {
  const { build } = await import('vite');
  await build({ root: dashboard, configFile: join(dashboard, 'vite.config.ts'), logLevel: 'warn' });
  writeFileSync(stamp, madeFrom);
}

function hashOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesOf))
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path));
  return hash.digest('hex');
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
