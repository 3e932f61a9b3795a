import type { HostSession } from '@podway/hosts';

/** What a server is and has, as its installers are concerned. */
export interface ServerFacts {
  /** `ID` and `VERSION_ID` of os-release; unset where the server tells none. */
  readonly osId?: string;
  readonly osVersion?: string;
  /** Unset where the server does not tell. */
  readonly memoryMb?: number;
  readonly cpus?: number;
  /** TCP ports that something listens on. Unset where the server does not tell. */
  readonly listening?: ReadonlySet<number>;
  /** Of the programs asked for: those that are not on the PATH. */
  readonly missing: ReadonlySet<string>;
}

/**
 * A fixed script: the names of programs are its arguments. os-release(5) is made to be read by a shell; here it is only
 * looked at. /proc/net/tcp tells ports in hexadecimal; 0A is the state LISTEN (include/net/tcp_states.h of Linux).
 */
const LOOK = `
LC_ALL=C
export LC_ALL
for file in /etc/os-release /usr/lib/os-release; do
  [ -r "$file" ] || continue
  sed -n -e "s/^\\\\(ID\\\\|VERSION_ID\\\\)=[\\"']\\\\{0,1\\\\}\\\\([A-Za-z0-9._-]*\\\\)[\\"']\\\\{0,1\\\\}$/\\\\1 \\\\2/p" "$file"
  break
done
awk '$1 == "MemTotal:" { print "memory", int($2 / 1024) }' /proc/meminfo
echo "cpus $(nproc)"
for file in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$file" ] || continue
  echo ports
  awk 'NR > 1 && $4 == "0A" { sub(/.*:/, "", $2); print "port", $2 }' "$file"
done
for name in "$@"; do command -v "$name" >/dev/null 2>&1 || echo "missing $name"; done
echo end
`;

/** Looks at a server. What it does not tell is unset: nobody may take that for fulfilled. */
export async function lookAtServer(
  session: HostSession,
  { commands = [] }: { commands?: readonly string[] } = {},
): Promise<ServerFacts> {
  const { stdout } = await session.exec(['sh', '-c', LOOK, 'podway', ...commands], {
    maxOutputBytes: 1024 * 1024,
  });
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const all = (word: string): string[] =>
    lines.filter(([first]) => first === word).map(([, rest = '']) => rest);
  const number = (word: string): number | undefined => {
    const [text = ''] = all(word);
    return /^\d+$/.test(text) ? Number(text) : undefined;
  };
  const [osId] = all('ID').filter(Boolean);
  const [osVersion] = all('VERSION_ID').filter(Boolean);
  const [memoryMb, cpus] = [number('memory'), number('cpus')];
  return {
    ...(osId !== undefined && { osId }),
    ...(osVersion !== undefined && { osVersion }),
    ...(memoryMb !== undefined && { memoryMb }),
    ...(cpus !== undefined && { cpus }),
    ...(all('ports').length > 0 && {
      listening: new Set(all('port').map((port) => Number.parseInt(port, 16))),
    }),
    // A look that broke off has found nothing.
    missing: new Set(all('end').length === 1 ? all('missing') : commands),
  };
}
