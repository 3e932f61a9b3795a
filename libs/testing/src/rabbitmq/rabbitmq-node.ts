import { spawn, type ChildProcess } from 'node:child_process';
import { access, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { freePort } from '@podway/persistence/embedded';
import { RabbitMqMissingError } from './rabbitmq.errors.js';

/** The scripts themselves, not Debian's wrapper: that one changes to the user rabbitmq and to its folders. */
const programs = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/usr/local/lib/rabbitmq/bin/rabbitmq-server'];

const settings = (user: string, password: string, managementPort: number | undefined): string => `
loopback_users = none
default_user = ${user}
default_pass = ${password}
log.console = false
log.file.level = warning
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 1GB
${managementPort === undefined ? '' : `management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = ${managementPort}\n`}`;

export interface NodeOptions {
  /** With the plugin rabbitmq_management. It takes a second more to start. */
  readonly management?: boolean;
}

export interface NodeLayout {
  readonly folder: string;
  readonly program: string;
  readonly url: string;
  readonly port: number;
  /** Of the management API, with user and password. */
  readonly managementUrl?: string;
  readonly env: Record<string, string>;
}

async function findProgram(): Promise<string> {
  for (const program of programs) {
    if (
      await access(program).then(
        () => true,
        () => false,
      )
    )
      return program;
  }
  throw new RabbitMqMissingError(programs);
}

/** Ports, names, cookie and folders of a node that shares nothing with others on this machine. */
export async function layOut(folder: string, { management = false }: NodeOptions = {}): Promise<NodeLayout> {
  const program = await findProgram();
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const managementPort = management ? await freePort() : undefined;
  const password = randomBytes(9).toString('hex');
  const at = (name: string): string => join(folder, name);
  await writeFile(at('.erlang.cookie'), randomBytes(20).toString('hex'), { mode: 0o400 });
  await writeFile(at('rabbitmq.conf'), settings('podway', password, managementPort), { mode: 0o600 });
  await writeFile(at('enabled_plugins'), management ? '[rabbitmq_management].\n' : '[].\n');
  await writeFile(at('rabbitmq-env.conf'), '');
  await mkdir(at('log'), { recursive: true });
  return {
    folder,
    program,
    port,
    url: `amqp://podway:${password}@127.0.0.1:${port}`,
    ...(management ? { managementUrl: `http://podway:${password}@127.0.0.1:${managementPort}` } : {}),
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      HOME: folder,
      RABBITMQ_NODENAME: `podway-${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distPort),
      RABBITMQ_MNESIA_BASE: at('mnesia'),
      RABBITMQ_LOG_BASE: at('log'),
      RABBITMQ_CONFIG_FILE: at('rabbitmq.conf'),
      RABBITMQ_CONF_ENV_FILE: at('rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: at('enabled_plugins'),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}',
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      // Makes the script replace itself by the server, so that our child is the server.
      detached: 'true',
    },
  };
}

async function launch(layout: NodeLayout, program: string, argv: readonly string[]): Promise<ChildProcess> {
  const log = await open(join(layout.folder, 'log', 'output'), 'a');
  const child = spawn(program, argv, {
    cwd: layout.folder,
    env: layout.env,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  child.on('error', () => undefined);
  await log.close();
  return child;
}

/** Name service of Erlang nodes, in the foreground; else the server would leave a daemon behind. */
export function launchNameService(layout: NodeLayout): Promise<ChildProcess> {
  return launch(layout, 'epmd', []);
}

export function launchServer(layout: NodeLayout): Promise<ChildProcess> {
  return launch(layout, layout.program, []);
}

export async function logTail({ folder }: NodeLayout): Promise<string> {
  const text = await readFile(join(folder, 'log', 'output'), 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-15).join('\n');
}
