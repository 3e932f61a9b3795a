import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandPart } from './command-kit.js';
import type { PartUnderTest } from './part-contract.js';

const standIn = fileURLToPath(new URL('dsmc-stand-in.sh', import.meta.url));

/** The profile for IBM Storage Protect, with its script `restore` and a stand-in for the product. */
export async function storageProtectPart(
  restore: string,
  system: string,
  store: string,
): Promise<PartUnderTest> {
  const bin = join(store, 'bin');
  const dsmc = join(bin, 'dsmc');
  const places = { '/usr/local/lib/podway': bin, '[dsmc': `[${dsmc}` };
  await mkdir(bin, { recursive: true });
  await writeFile(dsmc, `#!/bin/sh\nSTORE='${join(store, 'archived')}' exec sh '${standIn}' "$@"\n`, {
    mode: 0o755,
  });
  const script = restore.replaceAll('/srv/app', join(system, 'app')).replace('exec dsmc', `exec ${dsmc}`);
  await writeFile(join(bin, 'dsmc-restore'), script, { mode: 0o755 });
  return commandPart('app-in-storage-protect', system, store, { places, exact: false });
}
