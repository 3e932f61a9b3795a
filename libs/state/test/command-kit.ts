import { join } from 'node:path';
import { documentedPart } from './documented-part.js';
import type { PartUnderTest } from './part-contract.js';
import { onServer } from './system-folder.js';

const versions = {
  old: `echo one >a; chmod 640 a; chown 12:34 a; ln -s a link; ln a twin; mkdir -m 2750 sub
    echo 'b c' >"sub/a name"; setfattr -n user.note -v old a; setfacl -m u:7:rw sub; seq 10000 >big`,
  new: `echo two >a; mkdir added; echo n >added/n; ln -s /nowhere link; setfattr -n user.other -v new a`,
  other: `echo three >sub`,
};
const look = (files: string, folders: string): string =>
  `cd "$1/app"; find . ! -type d -printf '%P %y %m %U %G %T@ %l${files}\\n' | sort
find . -type d -printf '%P %y %m %U %G${folders}\\n' | sort; find . -type f -exec sha256sum {} + | sort -k 2
find . -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex 2>/dev/null`;

interface CommandPartOptions {
  /** Further paths and programs of the documentation, and what is in their place. */
  readonly places?: Readonly<Record<string, string>>;
  /** False where its store keeps neither the times of folders nor which files are one. */
  readonly exact?: boolean;
}

/** A part of the documentation that is kept by commands, in the folder `app` of the system's; `store` is what all servers reach. */
export function commandPart(
  name: string,
  system: string,
  store: string,
  { places = {}, exact = true }: CommandPartOptions = {},
): PartUnderTest {
  const own = { '/srv/app': join(system, 'app'), '/mnt/backup': store, '/var/backups': system };
  const shown = exact ? look(' %n', ' %T@') : look('', '');
  return {
    part: documentedPart(name, { ...places, ...own }),
    server: { mounts: { [system]: 'system' } },
    heals: false,
    async become(server, version) {
      // These programs compare times, too: both servers had the same.
      const same = `find . -exec touch -h -d @100000000${version.length}.123456789 {} +`;
      const script = `rm -rf "$1/app"; mkdir "$1/app"; cd "$1/app"; ${versions[version]}; ${same}`;
      await onServer(server, system, script);
    },
    look: (server) => onServer(server, system, shown),
  };
}
