import { join } from 'node:path';
import { documentedPart } from './documented-part.js';
import type { PartUnderTest } from './part-contract.js';
import { onServer } from './system-folder.js';

const versions = {
  old: `echo one >etc/a; chmod 640 etc/a; chown 12:34 etc/a; touch -d @1000000000.5 etc/a; ln -s a etc/link; ln etc/a etc/twin
    mkdir -m 2750 etc/sub; echo 'b c' >"etc/sub/a name"; setfattr -n user.note -v old etc/a; setfacl -m u:7:rw etc/sub
    echo host >hosts; mkdir etc/cache; echo cold >etc/cache/x`,
  new: `echo two >etc/a; mkdir etc/added; echo n >etc/added/n; ln -s /nowhere etc/link; mkdir etc/cache; echo warm >etc/cache/x
    setfattr -n user.other -v new etc/a; mkdir opt; echo tool >opt/tool; chmod 755 opt/tool`,
  other: `echo three >etc/sub; rm -rf opt; echo other >hosts`,
};
/** All but the cache: type, mode, owner, time, links, content, attributes, access lists. */
const LOOK = `cd "$1"; find . -path ./etc/cache -prune -o ! -type d -printf '%P %y %m %U %G %T@ %l %n\\n' | sort
find . -mindepth 1 -path ./etc/cache -prune -o -type d -printf '%P %y %m %U %G %T@\\n' | sort
find . -path ./etc/cache -prune -o -type f -exec sha256sum {} + | sort -k 2
find . -path ./etc/cache -prune -o -print0 | sort -z | xargs -0 getfattr -h -d -m - -e hex 2>/dev/null`;

/** Where the paths of the documented part are for the tests. */
const placesIn = (system: string) => ({
  '/etc/nginx': join(system, 'etc'),
  '/opt/shop': join(system, 'opt'),
  '/etc/shop.conf': join(system, 'hosts'),
});

/** The documented part that is kept as paths, with one of the tools; `system` is the folder in which they are. */
export function pathsPart(tool: 'restic' | 'borg', system: string): PartUnderTest {
  return {
    part: { ...documentedPart('system', placesIn(system)), tool },
    server: { mounts: { [system]: 'system' } },
    heals: true,
    async become(server, version) {
      await onServer(server, system, `cd "$1"; rm -rf etc opt hosts; mkdir etc; ${versions[version]}`);
    },
    look: (server) => onServer(server, system, LOOK),
  };
}
