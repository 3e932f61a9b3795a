import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { documentedPart } from '../test/documented-part.js';
import { keepsThePromiseOfParts, type PartUnderTest } from '../test/part-contract.js';
import type { TreeServer } from '../test/tree-server.js';

/** What all servers see under the same name, each with a content of its own. */
let system: string;
beforeAll(() => {
  system = mkdtempSync(join(tmpdir(), 'podway-system-'));
});
afterAll(() => rmSync(system, { recursive: true, force: true }));

async function sh(server: TreeServer, script: string): Promise<string> {
  const { code, stdout, stderr } = await server.session.exec(['sh', '-ec', script, 'test', system]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}

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
const places = () => ({
  '/etc/nginx': join(system, 'etc'),
  '/opt/shop': join(system, 'opt'),
  '/etc/shop.conf': join(system, 'hosts'),
});

function paths(tool: 'restic' | 'borg', more: object = {}): PartUnderTest {
  return {
    part: { ...documentedPart('system', places()), tool, ...more },
    server: { mounts: { [system]: 'system' } },
    heals: true,
    async become(server, version) {
      await sh(server, `cd "$1"; rm -rf etc opt hosts; mkdir etc; ${versions[version]}`);
    },
    look: (server) => sh(server, LOOK),
  };
}

keepsThePromiseOfParts('paths with restic', () => Promise.resolve(paths('restic')));
keepsThePromiseOfParts('paths with borg', () => Promise.resolve(paths('borg')));
