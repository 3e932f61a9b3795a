import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TreeServer } from './tree-server.js';

/** A database product of Debian: private instances, below a server's folder, on a socket that all see in one place. */
export interface DatabaseProduct {
  /** Folder of this machine that each server sees its own socket in. */
  readonly sockets: string;
  /** Begins an instance of the server's own, unless it runs. */
  start(server: TreeServer, options?: { tcpPort?: number }): Promise<void>;
  end(server: TreeServer): void;
  /** Runs SQL as whoever may do all, and resolves with the rows. */
  sql(server: TreeServer, script: string, database?: string): string;
  /** The database as text, all that a dump says. */
  dump(server: TreeServer, database: string): string;
  remove(): void;
}

/** Where the server's own socket is: `mounts` shows it as {@link DatabaseProduct.sockets}. */
export const SOCKETS = 'sockets';

function run(argv: readonly string[], input?: string): string {
  const [program = '', ...args] = argv;
  return execFileSync(program, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** Both products' servers run as a user of their own, who must get at their folders. */
function open(folder: string): string {
  chmodSync(folder, 0o755);
  return folder;
}

function instances(make: (data: string) => void) {
  const sockets = open(mkdtempSync(join(tmpdir(), 'podway-sockets-')));
  const template = open(mkdtempSync(join(tmpdir(), 'podway-cluster-')));
  make(join(template, 'data'));
  return {
    sockets,
    folders(server: TreeServer, owner: string): { data: string; socket: string; isNew: boolean } {
      const data = join(open(server.folder), 'data');
      const socket = join(server.folder, SOCKETS);
      const isNew = !existsSync(data);
      if (isNew) run(['cp', '-a', join(template, 'data'), data]);
      mkdirSync(socket, { recursive: true });
      run(['chown', owner, socket]);
      return { data, socket, isNew };
    },
    remove: () => run(['rm', '-rf', sockets, template]),
  };
}

export function postgresql(): DatabaseProduct {
  const programs = '/usr/lib/postgresql/15/bin';
  const asOwner = (argv: string[]) => ['runuser', '-u', 'postgres', '--', ...argv];
  const { sockets, folders, remove } = instances((data) => {
    run(['chown', 'postgres', join(data, '..')]);
    const auth = ['--auth-local=peer', '--auth-host=scram-sha-256'];
    run(asOwner([`${programs}/initdb`, '-D', data, '-N', '-E', 'UTF8', '--locale=C.UTF-8', ...auth]));
  });
  const client = (server: TreeServer, program: string) => {
    const [, , , port = ''] = readFileSync(join(server.folder, 'data/postmaster.pid'), 'utf8').split('\n');
    return asOwner([program, '-h', join(server.folder, SOCKETS), '-p', port]);
  };
  return {
    sockets,
    async start(server, { tcpPort } = {}) {
      const { data, socket } = folders(server, 'postgres');
      if (existsSync(join(data, 'postmaster.pid'))) return;
      const settings = ['fsync=off', "listen_addresses=''", 'shared_buffers=16MB', 'max_connections=20'];
      // Its socket has the number of the port, too: the clients here look for the usual one.
      if (tcpPort) settings.push(`listen_addresses=127.0.0.1`, `port=${tcpPort}`);
      const options = [`-k ${socket}`, ...settings.map((setting) => `-c ${setting}`)].join(' ');
      run(asOwner([`${programs}/pg_ctl`, '-D', data, '-o', options, '-l', `${data}/log`, '-w', 'start']));
    },
    end(server) {
      const data = join(server.folder, 'data');
      if (existsSync(data))
        spawnSync('runuser', asOwner([`${programs}/pg_ctl`, '-D', data, '-m', 'immediate', 'stop']).slice(1));
    },
    sql: (server, script, database = 'postgres') =>
      run([...client(server, 'psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database], script),
    dump: (server, database) =>
      run([...client(server, 'pg_dump'), '--create', database]).replaceAll(/^\\(un)?restrict .*$/gm, ''),
    remove,
  };
}

export function mariadb(): DatabaseProduct {
  const { sockets, folders, remove } = instances((data) => {
    const options = ['--no-defaults', `--datadir=${data}`, '--user=mysql', '--skip-test-db'];
    run([
      'mariadb-install-db',
      ...options,
      '--auth-root-authentication-method=socket',
      '--innodb-log-file-size=8M',
    ]);
  });
  const client = (server: TreeServer, program: string) => {
    return [
      program,
      '--no-defaults',
      '--default-character-set=utf8mb4',
      `--socket=${join(server.folder, SOCKETS, 'mariadb.sock')}`,
    ];
  };
  const pids = new Map<TreeServer, number>();
  return {
    sockets,
    async start(server, { tcpPort } = {}) {
      if (pids.has(server)) return;
      const { data, socket } = folders(server, 'mysql');
      const log = openSync(join(server.folder, 'mariadb.log'), 'a');
      const settings = [
        '--innodb-buffer-pool-size=16M',
        '--innodb-log-file-size=8M',
        '--performance-schema=OFF',
      ];
      const options = [
        `--datadir=${data}`,
        `--socket=${socket}/mariadb.sock`,
        tcpPort ? `--port=${tcpPort}` : '--skip-networking',
        '--user=mysql',
      ];
      const fast = [
        '--innodb-flush-log-at-trx-commit=0',
        '--skip-innodb-doublewrite',
        '--key-buffer-size=1M',
      ];
      const child = spawn('mariadbd', ['--no-defaults', ...options, ...settings, ...fast], {
        stdio: ['ignore', log, log],
        detached: true,
      });
      closeSync(log);
      pids.set(server, child.pid ?? 0);
      for (let tries = 0; ; tries++) {
        if (spawnSync('mariadb-admin', client(server, '').slice(1).concat('ping')).status === 0) return;
        if (tries > 300 || child.exitCode !== null)
          throw new Error(readFileSync(join(server.folder, 'mariadb.log'), 'utf8').slice(-2_000));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    end(server) {
      const pid = pids.get(server);
      if (pid) process.kill(pid, 'SIGKILL');
      pids.delete(server);
    },
    sql: (server, script, database) =>
      run([...client(server, 'mariadb'), '-BNr', ...(database ? [database] : [])], script),
    dump: (server, database) => {
      const all = ['--routines', '--triggers', '--events', '--skip-comments', '--hex-blob'];
      return run([...client(server, 'mariadb-dump'), ...all, '--databases', database]);
    },
    remove,
  };
}
