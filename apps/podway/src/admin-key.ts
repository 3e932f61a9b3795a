import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ApiKeys } from '@podway/persistence';

/**
 * The first admin's key: read from `file`, or made and written there, readable by its owner only.
 * The command line finds it in `.podway/admin.key`.
 */
export async function ensureAdminKey(keys: ApiKeys, file: string): Promise<string> {
  const text = (await existing(file)) ?? (await made(file));
  await keys.ensure(text, { client: '*', role: 'admin', note: 'made at the first start' });
  return text;
}

async function existing(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function made(file: string): Promise<string> {
  const text = `pw_${randomBytes(6).toString('hex')}_${randomBytes(32).toString('base64url')}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  return text;
}
