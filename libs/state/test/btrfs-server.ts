import { execFileSync } from 'node:child_process';
import type { StateSpec } from '@podway/contracts';
import { LoopDisk } from './loop-disk.js';
import { treeServer, type TreeServer } from './tree-server.js';

/** A server whose folders lie on a btrfs disk of its own. With `system`, it sees the disk at this path, too. */
export async function btrfsServer(
  state: Partial<StateSpec>,
  name: string,
  system?: string,
): Promise<TreeServer> {
  const disk = new LoopDisk(192, 'btrfs');
  const mounts = system === undefined ? undefined : { [system]: '..' };
  const server = await treeServer(state, { name, parent: disk.mount, mounts });
  return {
    ...server,
    remove() {
      // A snapshot that may not be written to cannot be emptied.
      const subvolumes = [disk.mount, '-mindepth', '1', '-depth', '-type', 'd', '-inum', '256'];
      const deletion = ['-exec', 'btrfs', 'subvolume', 'delete', '{}', ';'];
      execFileSync('find', [...subvolumes, ...deletion], { stdio: 'ignore' });
      server.remove();
      disk.remove();
    },
  };
}

/** Scripts that make the volume `$1/data` what it is in one of three states. */
export const volumeVersions = {
  old: `[ ! -e "$1/data" ] || btrfs subvolume delete "$1/data" >&2
    btrfs subvolume create "$1/data" >&2; cd "$1/data"; echo one >a; chmod 640 a; chown 12:34 a
    touch -d @1000000000.5 a; ln -s a link; ln a twin; mkdir -m 2750 sub; echo 'b c' >"sub/a name"
    setfattr -n user.note -v old a; setfacl -m u:7:rw sub; seq 100000 >big`,
  new: `cd "$1/data"; ln -sfn /nowhere link; echo two >a; mkdir added; echo n >added/n; echo more >>big
    setfattr -n user.other -v new a`,
  other: `btrfs subvolume delete "$1/data" >&2; btrfs subvolume create "$1/data" >&2; echo three >"$1/data/sub"`,
} as const;

/** Prints type, mode, owner, time, links, content, attributes and access lists of all that is in the volume. */
export const LOOK_AT_VOLUME = `cd "$1/data"; find . ! -type d -printf '%P %y %m %U %G %T@ %l %n\\n' | sort
find . -type d -printf '%P %y %m %U %G %T@\\n' | sort; find . -type f -exec sha256sum {} + | sort -k 2
find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex 2>/dev/null`;
