import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NAME } from '@podway/contracts';
import { parse } from 'yaml';

/** The POD that a folder's podway.yaml names, if it does. What is wrong with the file is said by Podway. */
export async function targetPodOf(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, 'podway.yaml'), 'utf8').catch(() => '');
  try {
    const { target } = (parse(text, { schema: 'core' }) ?? {}) as { target?: { pod?: unknown } };
    return typeof target?.pod === 'string' && NAME.test(target.pod) ? target.pod : undefined;
  } catch {
    return undefined;
  }
}
