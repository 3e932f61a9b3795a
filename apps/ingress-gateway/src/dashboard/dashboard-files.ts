import { readdir, readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compressed = promisify(gzip);

/** Where `npm run build` puts it: beside the sources as beside the built gateway. */
export const builtDashboard = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

export interface DashboardFile {
  readonly type: string;
  readonly content: Buffer;
  readonly gzipped: Buffer;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

/**
 * The files of the built dashboard, by their paths below its folder. All are read at the start: a path that is asked for
 * is looked up, never opened. Empty when it was not built.
 */
export async function readDashboard(folder: string): Promise<ReadonlyMap<string, DashboardFile>> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => types[extname(name)] !== undefined);
  return new Map(await Promise.all(files.map((name) => fileOf(folder, name))));
}

async function fileOf(folder: string, name: string): Promise<[string, DashboardFile]> {
  const content = await readFile(join(folder, name));
  const path = name.split(sep).join('/');
  return [
    path,
    {
      type: types[extname(name)] ?? 'application/octet-stream',
      content,
      gzipped: await compressed(content),
      immutable: path.startsWith('assets/'),
    },
  ];
}
