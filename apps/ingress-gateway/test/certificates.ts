import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for `names`, signed by itself, good for a day. */
export async function selfSigned(names: readonly string[]): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'podway-cert-'));
  const [certFile, keyFile] = [join(folder, 'cert'), join(folder, 'key')];
  try {
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...[
        '-subj',
        `/CN=${names[0]}`,
        '-addext',
        `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
      ],
      ...['-keyout', keyFile, '-out', certFile, '-days', '1'],
    ]);
    return { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a pair as a careful program does: never half a file. */
export async function putPair(certFile: string, keyFile: string, { cert, key }: Pair): Promise<void> {
  for (const [file, text] of [
    [keyFile, key],
    [certFile, cert],
  ] as const) {
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }
}
