import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the certificate of one name lies. */
export interface CertificateFiles {
  /** `shop.example`, `*.example.org`, or `default`. */
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

/** Certificates by their files: `<name>.crt` and `<name>.key`, or as certbot lays them in a folder of that name. */
export async function certificateFiles(folder: string): Promise<CertificateFiles[]> {
  const found: CertificateFiles[] = [];
  for (const entry of (await readdir(folder)).toSorted()) {
    const name = entry.replace(/\.crt$/, '');
    if (name !== entry) {
      found.push({
        name: serverName(name),
        certificate: join(folder, entry),
        key: join(folder, `${name}.key`),
      });
    } else if (await isFolder(join(folder, entry))) {
      found.push({
        name: serverName(entry),
        certificate: join(folder, entry, 'fullchain.pem'),
        key: join(folder, entry, 'privkey.pem'),
      });
    }
  }
  return found;
}

/** Changes whenever one of the files does; undefined while one is missing. */
export async function filesStamp({ certificate, key }: CertificateFiles): Promise<string | undefined> {
  try {
    const stats = await Promise.all([certificate, key].map((file) => stat(file, { bigint: true })));
    return stats.map(({ ino, size, mtimeNs }) => `${ino}:${size}:${mtimeNs}`).join(' ');
  } catch {
    return undefined;
  }
}

export async function readPair({
  certificate,
  key,
}: CertificateFiles): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(certificate), key: await readFile(key) };
}

/** A file's name has no `*`. */
function serverName(name: string): string {
  return name.toLowerCase().replace(/^_\./, '*.');
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
