import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { TreeServer } from './tree-server.js';

/** A path that all servers of a file's tests see under the same name, each with a content of its own. */
export function systemFolder(): { readonly path: string } {
  let path = '';
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'podway-system-'));
  });
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    get path() {
      return path;
    },
  };
}

/** Runs a script on the server with the path as its first argument. */
export async function onServer(server: TreeServer, path: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await server.session.exec(['sh', '-ec', script, 'test', path]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}
