import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { tool } from './tool.js';

const makers = {
  ext4: ['mkfs.ext4', '-q', '-F', '-m', '0'],
  btrfs: ['mkfs.btrfs', '-q'],
} as const;

/** Again after each sync: what was held for blocks to come is free then. */
const fill = `for block in 64k 4k 1k 1k 1k; do
  dd if=/dev/zero of="$1" bs=$block oflag=append conv=notrunc 2>/dev/null
  sync -f "$1"
done`;

/** A file system of its own in a server's tree. */
export interface Volume {
  /** Where it is mounted on the server. */
  readonly path: string;
  readonly fileSystem: keyof typeof makers;
  /** btrfs takes no less than 110. */
  readonly sizeMb: number;
}

/** Where a server's files lie: an upper layer over what all share, on this machine's disk or on one of its own. */
export class ServerDisk {
  /** The merged root. */
  readonly root: string;
  readonly #disk: string;

  constructor(
    private readonly folder: string,
    private readonly sizeMb: number | undefined,
  ) {
    this.root = join(folder, 'root');
    this.#disk = join(folder, 'disk');
  }

  /** Mounts the root over `lowers`, topmost first, and the volumes in it. */
  async mount(lowers: readonly string[], volumes: readonly Volume[]): Promise<void> {
    await mkdir(this.root);
    await mkdir(this.#disk);
    if (this.sizeMb !== undefined) await this.#mountImage('disk', 'ext4', this.sizeMb, this.#disk);
    const [upper, work] = [join(this.#disk, 'upper'), join(this.#disk, 'work')];
    await mkdir(upper);
    await mkdir(work);
    // With redirect_dir a folder of a lower layer can be renamed, as on any file system.
    const options = `redirect_dir=on,lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work}`;
    await tool(['mount', '-t', 'overlay', '-o', options, 'overlay', this.root]);
    for (const [index, { path, fileSystem, sizeMb }] of volumes.entries())
      await this.#mountImage(`volume-${index}`, fileSystem, sizeMb, join(this.root, path));
  }

  async #mountImage(name: string, fileSystem: Volume['fileSystem'], sizeMb: number, at: string) {
    const image = join(this.folder, `${name}.image`);
    await tool(['truncate', '-s', `${sizeMb}M`, image]);
    await tool([...makers[fileSystem], image]);
    await mkdir(at, { recursive: true });
    await tool(['mount', '-o', 'loop', image, at]);
  }

  /** Takes all space that is left. */
  async fill(): Promise<void> {
    if (this.sizeMb === undefined)
      throw new DebianServersUnavailableError('a server without `disk: {sizeMb}` has no disk of its own');
    await tool(['sh', '-c', fill, 'sh', this.#filler]);
  }

  async free(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  get #filler(): string {
    return join(this.#disk, 'filler');
  }
}
