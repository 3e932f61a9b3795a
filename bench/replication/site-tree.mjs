import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, lstat, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** W2 of the benchmark notes: what a large site is made of. */
export const sizes = {
  full: { files: 10_000, large: 10, largeBytes: 4_000_000, meanBytes: 36_000, appended: 4 },
  small: { files: 1_000, large: 2, largeBytes: 2_000_000, meanBytes: 18_000, appended: 1 },
};
const FILES_A_FOLDER = 100;
const APPENDED_BYTES = 65_536;
const CHANGED_SHARE = 0.01;

const placeOf = (index) => `d${Math.floor(index / FILES_A_FOLDER)}/file-${index}.dat`;

/** Small files are many and large ones few: from a tenth of the mean to about five times it. */
function lengthOf(index, { large, largeBytes, meanBytes }) {
  if (index < large) return largeBytes;
  const spread = ((index * 2_654_435_761) % 1_000) / 1_000;
  return Math.floor(meanBytes * (0.1 + 4.5 * spread ** 4));
}

/** Writes the tree's files. Their bytes do not compress. */
export async function growTree(folder, size) {
  const noise = randomBytes(8_000_000);
  let bytes = 0;
  for (let index = 0; index < size.files; index += 1) {
    const file = join(folder, placeOf(index));
    if (index % FILES_A_FOLDER === 0) await mkdir(dirname(file), { recursive: true });
    const length = lengthOf(index, size);
    const start = (index * 7_919) % (noise.length - length);
    await writeFile(file, noise.subarray(start, start + length));
    bytes += length;
  }
  return bytes;
}

/** One in a hundred files written anew and a few larger ones appended to; others in each round. */
export function changeOf(round, size) {
  const count = Math.ceil(size.files * CHANGED_SHARE);
  const span = size.files - size.large;
  const writes = Array.from({ length: count }, (_, at) => {
    const index = size.large + ((at * 101 + round * 37) % span);
    return { path: placeOf(index), bytes: randomBytes(lengthOf(index, size) + 1 + (round % 7)) };
  });
  const appends = Array.from({ length: size.appended }, (_, at) => ({
    path: placeOf((at + round) % size.large),
    bytes: randomBytes(APPENDED_BYTES),
  }));
  const all = [...writes, ...appends];
  return { writes, appends, bytes: all.reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

/** Makes the change in a folder. Never in place: kept releases share unchanged files with the new one. */
export async function applyChange(folder, { writes, appends }) {
  for (const { path, bytes } of writes) await replace(join(folder, path), bytes);
  for (const { path, bytes } of appends) {
    const file = join(folder, path);
    await replace(file, Buffer.concat([await readFile(file), bytes]));
  }
}

async function replace(file, bytes) {
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}

/** SHA-256 over type, mode, path and content of all that is below; made here, not by what is measured. */
export async function digestOf(folder) {
  const digest = createHash('sha256');
  const entries = await readdir(folder, { recursive: true });
  for (const path of entries.sort()) {
    const entry = join(folder, path);
    const status = await lstat(entry);
    digest.update(`${status.mode.toString(8)}\t${status.isFile() ? status.size : 0}\t${path}\n`);
    if (status.isSymbolicLink()) digest.update(await readlink(entry));
    if (status.isFile()) digest.update(await readFile(entry));
  }
  return digest.digest('hex');
}
