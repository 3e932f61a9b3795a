import type { HaproxyBackend } from './haproxy-backend.js';
import {
  BalancerBadReplyError,
  BalancerUnreachableError,
  UnknownBackendError,
  UnknownBackendServerError,
} from './haproxy.errors.js';

/** One server as one HAProxy has it. */
export interface ServerState {
  /** Forced into maintenance: it gets no access, not even one of a session that sticks to it. */
  readonly maintenance: boolean;
  /** Forced into drain: only sessions that stick to it get there. */
  readonly draining: boolean;
  /** New accesses can go there now: neither put out by anybody nor found to be down. */
  readonly usable: boolean;
  /** Accesses that run there or wait for it. */
  readonly running: number;
}

/** By the names of the POD's servers. */
export type ServerStates = ReadonlyMap<string, ServerState>;

// srv_admin_state and srv_op_state of `show servers state` (management guide, 9.3).
const FORCED_MAINTENANCE = 0x01;
/** How the server began. It stays when the server is put in, and means nothing then. */
const BEGAN_IN_MAINTENANCE = 0x04;
const FORCED_DRAIN = 0x08;
const STARTING = 1;
const RUNNING = 2;

/** Asks for all that {@link readStates} reads. */
export function statesQuery({ backend }: HaproxyBackend): string {
  return `show backend;show servers state ${backend};show stat ${backend} 4 -1`;
}

/** @throws UnknownBackendError, UnknownBackendServerError, BalancerBadReplyError, BalancerUnreachableError when cut short. */
export function readStates(socket: string, backend: HaproxyBackend, reply: string): ServerStates {
  const [backends = '', states = '', stats = ''] = reply.split('\n\n');
  const [head, ...names] = backends.split('\n');
  if (head !== '# name') throw unread(socket, reply, '# name');
  if (!names.includes(backend.backend)) throw new UnknownBackendError(socket, backend.backend);
  if (!reply.endsWith('\n\n') || stats === '') throw new BalancerUnreachableError(socket, 'it hung up');
  const byName = rows(socket, states.split('\n').slice(1), ' ', 'srv_name');
  const running = rows(socket, stats.split('\n'), ',', 'svname');
  return new Map(
    [...backend.servers].map(([there, name]) => {
      const [state, stat] = [byName.get(there), running.get(there)];
      if (!state || !stat) throw new UnknownBackendServerError(socket, backend.backend, there);
      return [name, stateOf(socket, state, stat)];
    }),
  );
}

type Row = ReadonlyMap<string, string>;

function stateOf(socket: string, state: Row, stat: Row): ServerState {
  const number = (row: Row, field: string): number => {
    const text = row.get(field) ?? '';
    if (!/^[0-9]{1,15}$/.test(text)) throw new BalancerBadReplyError(socket, `${field} is not a number`);
    return Number(text);
  };
  const admin = number(state, 'srv_admin_state');
  const operation = number(state, 'srv_op_state');
  return {
    maintenance: (admin & FORCED_MAINTENANCE) !== 0,
    draining: (admin & FORCED_DRAIN) !== 0,
    usable:
      (admin & ~BEGAN_IN_MAINTENANCE) === 0 &&
      (operation === STARTING || operation === RUNNING) &&
      number(state, 'srv_uweight') > 0,
    running: number(stat, 'scur') + number(stat, 'qcur'),
  };
}

/** A table whose first line, after `# `, names its columns. */
function rows(socket: string, lines: readonly string[], separator: string, key: string): Map<string, Row> {
  const [head = '', ...rest] = lines;
  const columns = head.replace(/^# /, '').split(separator);
  if (!head.startsWith('# ') || !columns.includes(key)) throw unread(socket, head, key);
  return new Map(
    rest.map((line) => {
      const fields = line.split(separator);
      const row = new Map(columns.map((column, index) => [column, fields[index] ?? '']));
      return [row.get(key) ?? '', row];
    }),
  );
}

function unread(socket: string, reply: string, wanted: string): Error {
  if (reply === '') return new BalancerUnreachableError(socket, 'it hung up');
  return new BalancerBadReplyError(socket, `no ${wanted} in ${JSON.stringify(reply.slice(0, 100))}`);
}
