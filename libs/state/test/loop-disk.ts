import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** A file system in a file, mounted. Its power can be cut: what was not written down is then lost. */
export class LoopDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'podway-disk-'));
  readonly mount = join(this.folder, 'mount');
  private readonly image = join(this.folder, 'image');

  /** Throws where this machine does not let us mount: such a test must not pass unseen. */
  constructor(megabytes: number, fileSystem: 'ext4' | 'btrfs' = 'ext4') {
    if (process.getuid?.() !== 0) throw new Error('This test needs root, to mount a loop device.');
    mkdirSync(this.mount);
    run('truncate', '-s', `${megabytes}M`, this.image);
    run(`mkfs.${fileSystem}`, '-q', fileSystem === 'ext4' ? '-F' : '-f', this.image);
    // The journal is written each second: what was renamed reaches the disk soon, unsynced content later.
    run('mount', '-o', 'loop,commit=1', this.image, this.mount);
  }

  /** The disk as it would be after a power cut at this moment, mounted read-write so that the journal is replayed. */
  afterPowerCut<T>(look: (mount: string) => T): T {
    const copy = mkdtempSync(join(this.folder, 'cut-'));
    const mount = join(copy, 'mount');
    mkdirSync(mount);
    run('cp', '--sparse=always', this.image, join(copy, 'image'));
    run('mount', '-o', 'loop', join(copy, 'image'), mount);
    try {
      return look(mount);
    } finally {
      run('umount', mount);
      rmSync(copy, { recursive: true });
    }
  }

  /** What still runs there keeps it busy for a moment. */
  remove(): void {
    run('umount', '--lazy', this.mount);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
