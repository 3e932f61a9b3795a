import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a visitor and a system call see of a tree: made without the script, to judge it. */
export function wholeTree(folder: string): string[] {
  const found: string[] = [];
  const look = (path: Buffer, name: string): void => {
    const stats = lstatSync(path);
    const owner = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid}`;
    if (stats.isSymbolicLink()) found.push(`${name} -> ${readlinkSync(path)} ${stats.uid}:${stats.gid}`);
    else if (stats.isFile()) found.push(`${name} ${owner} ${sha256(readFileSync(path))}`);
    else {
      found.push(`${name}/ ${owner}`);
      for (const entry of readdirSync(path, { encoding: 'buffer' })) {
        look(Buffer.concat([path, Buffer.from('/'), entry]), `${name}/${entry.toString('latin1')}`);
      }
    }
  };
  look(Buffer.from(folder), '.');
  return found.sort();
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
