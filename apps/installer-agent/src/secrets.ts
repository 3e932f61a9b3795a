import { open, realpath } from 'node:fs/promises';
import { relative } from 'node:path';
import type { SecretSource } from '@podway/installers';
import { secretFromEnvironment } from '@podway/service-kit';

const MAX_SECRET_BYTES = 16 * 1024;

/** The secrets of this process: its variables PODWAY_SECRET_…, and files below `folder`. One newline at the end does not count. */
export function secretsOfProcess(folder: string | undefined): SecretSource {
  return {
    environment: secretFromEnvironment,
    file: async (path) => {
      if (folder === undefined) return undefined;
      try {
        // As they are, not as they are called: a link must not lead out.
        const [base, file] = await Promise.all([realpath(folder), realpath(path)]);
        const within = relative(base, file);
        return within === '' || within.startsWith('..') ? undefined : await textOf(file);
      } catch {
        return undefined;
      }
    },
  };
}

async function textOf(file: string): Promise<string | undefined> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (size > MAX_SECRET_BYTES) return undefined;
    return (await handle.readFile('utf8')).replace(/\r?\n$/, '');
  } finally {
    await handle.close();
  }
}
