import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { BundleManifest, Check, Component, VariableSpec } from '@podway/contracts';

export interface BundleParts {
  version: string;
  /** Path below `site/` -> content. */
  files: Record<string, string>;
  checks?: Check[];
  /** After the site itself. */
  components?: Component[];
  /** Path in the bundle -> script, made executable. */
  scripts?: Record<string, string>;
  variables?: VariableSpec[];
}

/** Writes a bundle's folder: `podway.yaml`, `site/` and scripts. */
export async function writeBundle(folder: string, parts: BundleParts): Promise<string> {
  const manifest: BundleManifest = {
    apiVersion: 'podway/v1',
    name: 'site',
    version: parts.version,
    components: [{ name: 'site', installer: 'archive', source: 'site' }, ...(parts.components ?? [])],
    checks: parts.checks ?? [],
    ...(parts.variables ? { variables: parts.variables } : {}),
  };
  await put(join(folder, 'podway.yaml'), stringify(manifest));
  for (const [path, content] of Object.entries(parts.files)) await put(join(folder, 'site', path), content);
  for (const [path, script] of Object.entries(parts.scripts ?? {}))
    await put(join(folder, path), script, 0o755);
  return folder;
}

/** A small site that says which version it is, on two pages. */
export function site(version: string): Record<string, string> {
  return {
    'index.html': `<h1>Site</h1><p>version ${version}</p>\n`,
    'health.txt': 'status: healthy\n',
    'assets/style.css': `body { --version: "${version}"; }\n`,
  };
}

async function put(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content, { mode });
}
