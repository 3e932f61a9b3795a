import type { PodSpec, StatePart } from '@podway/contracts';

/** Programs and files that servers of a POD must have, each with what it is needed for. */
export interface Needs {
  readonly programs: ReadonlyMap<string, string>;
  /** Files that Podway's user must be able to read. */
  readonly files: ReadonlyMap<string, string>;
}

/** What `podway-host` works with. */
const ALWAYS = [
  ...['sh', 'tar', 'find', 'sort', 'awk', 'sed', 'grep', 'cut', 'tr', 'sha256sum', 'flock', 'setsid'],
  ...['mktemp', 'readlink', 'stat', 'df', 'date', 'sync', 'cp', 'mv', 'rm', 'ln', 'mkdir', 'id', 'wc'],
  ...['head', 'tail', 'touch', 'comm', 'cmp', 'diff', 'xargs'],
];

const PACKAGES: Readonly<Record<string, string>> = {
  ...{ tar: 'tar', find: 'findutils', xargs: 'findutils', awk: 'mawk', sed: 'sed', grep: 'grep' },
  ...{ flock: 'util-linux', setsid: 'util-linux', diff: 'diffutils', cmp: 'diffutils' },
  ...{ rsync: 'rsync', getfattr: 'attr', restic: 'restic', borg: 'borgbackup', btrfs: 'btrfs-progs' },
  ...{ psql: 'postgresql-client', pg_dump: 'postgresql-client', pg_restore: 'postgresql-client' },
  ...{ mariadb: 'mariadb-client', 'mariadb-dump': 'mariadb-client', dpkg: 'dpkg', 'apt-mark': 'apt' },
};
const COREUTILS = new Set(ALWAYS.filter((program) => program !== 'sh' && PACKAGES[program] === undefined));

/** The Debian package that a program of ours is in, where that is known. */
export function packageOf(program: string): string | undefined {
  return PACKAGES[program] ?? (COREUTILS.has(program) ? 'coreutils' : undefined);
}

export function needsOf({ state, checks = [] }: PodSpec): Needs {
  const parts = state.parts ?? [];
  const programs = new Map(ALWAYS.map((program) => [program, 'Podway itself']));
  const add = (program: string | undefined, why: string): void => {
    if (program !== undefined && !programs.has(program)) programs.set(program, why);
  };
  for (const part of parts)
    for (const program of programsOf(part)) add(program, `part ${part.name} of the state`);
  add(state.reload?.[0], 'reload of the state');
  // Others are part of what is published.
  for (const { name, probe, run } of checks)
    if (run?.[0]?.startsWith('/')) add(run[0], `check ${name ?? probe}`);
  const files = parts.flatMap(({ name, passwordFile }) =>
    passwordFile === undefined ? [] : [[passwordFile, `part ${name} of the state`] as const],
  );
  return { programs, files: new Map(files) };
}

function programsOf(part: StatePart): string[] {
  switch (part.driver) {
    case 'paths':
      return ['rsync', 'getfattr', part.tool ?? 'restic'];
    case 'volume':
      return ['btrfs', 'getfattr'];
    case 'packages':
      return ['dpkg', 'apt-mark'];
    case 'database':
      return part.engine === 'mariadb' ? ['mariadb', 'mariadb-dump'] : ['psql', 'pg_dump', 'pg_restore'];
    case 'command':
      return Object.values(part.commands ?? {}).flatMap((command: unknown) =>
        Array.isArray(command) ? command.slice(0, 1).map(String) : [],
      );
  }
}
