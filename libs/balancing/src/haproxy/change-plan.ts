import type { HaproxyBackend } from './haproxy-backend.js';
import type { ServerStates } from './server-states.js';

/** Commands for one HAProxy, in this order. */
export interface ChangePlan {
  /** May be carried out in any portions. */
  readonly first: readonly string[];
  /** From the old servers to the new: the first two commands go in one line. All HAProxies begin with it together. */
  readonly switchOver: readonly string[];
}

/**
 * How one HAProxy is brought to the rotation in which the servers in `out` get no accesses, and the others do.
 *
 * HAProxy changes one server a command. Where a server serves before and after, others leave before others come: no two
 * releases are ever in rotation. Where none does, at the switch, the old servers leave down to one; then the first new
 * one comes and the last old one leaves in one line, which HAProxy does in one go (docs/adr/0011-haproxy.md): at no
 * moment is there no server. A server is put into maintenance, not into drain: sessions that stick to it would go on.
 */
export function planOf(backend: HaproxyBackend, states: ServerStates, out: ReadonlySet<string>): ChangePlan {
  const servers = [...backend.servers].map(([there, name]) => ({
    there,
    state: states.get(name),
    out: out.has(name),
  }));
  const known = servers.flatMap(({ state, ...rest }) => (state ? [{ ...rest, ...state }] : []));
  const leave = known.filter((server) => server.out && !server.maintenance);
  const join = known.filter((server) => !server.out && (server.maintenance || server.draining));
  const take = (there: string): string => `set server ${backend.backend}/${there} state maint`;
  const put = (there: string): string => `set server ${backend.backend}/${there} state ready`;
  const [next, ...later] = join.map((server) => put(server.there));
  const last = leave.findLast((server) => server.usable);
  const stays = known.some((server) => !server.out && server.usable);
  if (next === undefined || last === undefined || stays)
    return {
      first: [...leave, ...join].map((server) => (server.out ? take : put)(server.there)),
      switchOver: [],
    };
  return {
    first: leave.filter((server) => server !== last).map((server) => take(server.there)),
    switchOver: [next, take(last.there), ...later],
  };
}

/** HAProxy's `tune.bufsize` is 16384 by default, and a line must fit in. */
const LONGEST_LINE = 8_000;

/** Commands as lines of the runtime API, never fewer than two commands in the first where there are two. */
export function linesOf(commands: readonly string[]): string[] {
  const lines: string[] = [];
  for (const command of commands) {
    const last = lines.at(-1);
    if (last === undefined || last.length + command.length >= LONGEST_LINE) lines.push(command);
    else lines[lines.length - 1] = `${last};${command}`;
  }
  return lines;
}
