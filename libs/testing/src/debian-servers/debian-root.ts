import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DebianServersUnavailableError } from './debian-servers.errors.js';
import { script, tool } from './tool.js';

const suite = 'bookworm';

/** What every server has: the way in, and the programs that state drivers use. */
const basePackages = [
  'openssh-server',
  'cron',
  'rsync',
  'iproute2',
  'procps',
  'util-linux',
  'attr',
  'acl',
  'restic',
  'borgbackup',
  'btrfs-progs',
  'ca-certificates',
];

/** Where roots are kept between runs. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'podway', 'debian');
}

/**
 * The folders that a server's own layer lies on, topmost first, as overlayfs has them: the layer of `packages` when
 * there are some, then the base. What the cache does not hold is built, by one process at a time.
 */
export async function debianRoots(
  packages: readonly string[],
  tell: (line: string) => void,
): Promise<string[]> {
  source ??= aptSource();
  const { mirror, proxy } = await source;
  const base = await build({ mirror, proxy, lower: '-', packages: basePackages }, tell);
  if (packages.length === 0) return [base];
  const sorted = [...new Set(packages)].sort();
  return [await build({ mirror, proxy, lower: base, packages: sorted }, tell), base];
}

interface AptSource {
  readonly mirror: string;
  /** Empty where there is none. */
  readonly proxy: string;
}

/** Asked for once: apt takes its time to answer. */
let source: Promise<AptSource> | undefined;

/** Where this machine itself gets Debian from. */
export async function aptSource(): Promise<AptSource> {
  const format = '$(REPO_URI)\t$(RELEASE)\t$(CODENAME)\t$(COMPONENT)';
  const targets = await tool(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const rows = targets.split('\n').map((line) => line.split('\t'));
  const row = rows.find(
    ([, release, codename, component]) => component === 'main' && [release, codename].includes(suite),
  );
  if (!row?.[0]) {
    throw new DebianServersUnavailableError(
      `apt's sources name no mirror with ${suite} main (looked for by apt-get indextargets)`,
    );
  }
  const proxy = await tool(['apt-config', 'shell', 'proxy', 'Acquire::http::Proxy']);
  return { mirror: row[0], proxy: /^proxy='(http.+)'$/m.exec(proxy)?.[1] ?? '' };
}

interface Build extends AptSource {
  readonly lower: string;
  readonly packages: readonly string[];
}

async function build(wanted: Build, tell: (line: string) => void): Promise<string> {
  const { mirror, proxy, lower, packages } = wanted;
  const builder = createHash('sha256')
    .update(await readFile(script('build')))
    .digest('hex');
  const recipe = JSON.stringify({ suite, mirror, lower, packages, builder });
  const folder = join(cacheFolder(), createHash('sha256').update(recipe).digest('hex').slice(0, 32));
  const root = join(folder, 'root');
  if (existsSync(folder)) return root;
  await mkdir(cacheFolder(), { recursive: true });
  tell(`building a root of Debian ${suite} with ${packages.join(', ')}, once for all runs, in ${folder}`);
  const argv = ['sh', script('build'), folder, recipe, suite, mirror, lower, ...packages];
  // All of it ends with us, and its mounts with it.
  const contained = [
    'unshare',
    '--mount',
    '--propagation=slave',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ];
  const output = await tool(
    [
      'setpriv',
      '--pdeathsig',
      'KILL',
      'flock',
      '--no-fork',
      join(cacheFolder(), 'lock'),
      ...contained,
      ...argv,
    ],
    { env: { ...process.env, ...(proxy ? { http_proxy: proxy } : {}) }, tell: eachTenSeconds(tell) },
  );
  // The script is silent when it finds, under the lock, that there is nothing to do.
  tell(output === '' ? `another process was first with ${folder}` : `built ${folder}`);
  return root;
}

/** A build has hundreds of lines: one now and then shows that it goes on. */
function eachTenSeconds(tell: (line: string) => void): (line: string) => void {
  let last = Date.now();
  return (line) => {
    if (Date.now() - last < 10_000) return;
    last = Date.now();
    tell(line);
  };
}
