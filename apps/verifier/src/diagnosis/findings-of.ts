import {
  PodwayError,
  type FindingSeverity,
  type FindingView,
  type PodSpec,
  type ServerSpec,
} from '@podway/contracts';
import type { ServerFacts } from '@podway/state';
import { packageOf, type Needs } from './needs-of.js';

/** What was seen of one server. */
export interface SeenServer {
  readonly spec: ServerSpec;
  /** The POD's folder there. */
  readonly path: string;
  /** Or why nothing can be run there. */
  readonly facts: ServerFacts | PodwayError;
  readonly clockSkewMs?: number;
  /** Why its web server does not answer; undefined when it does. */
  readonly silence?: string;
}

const DISK_ERROR_MB = 100;
const DISK_WARNING_MB = 1_024;
const INODES_ERROR = 1_000;
const INODES_WARNING = 10_000;
const CLOCK_WARNING_MS = 5_000;
const CLOCK_ERROR_MS = 300_000;

type Told = Omit<FindingView, 'server'>;

/** What is wrong with a server, and how to mend it. */
export function serverFindings(seen: SeenServer, needs: Needs): FindingView[] {
  const { facts, spec } = seen;
  const about = facts instanceof PodwayError ? [unreached(facts, spec)] : factFindings(facts, seen, needs);
  return [...about, ...webFindings(seen)].map((told) => ({ ...told, server: spec.name }));
}

/** What only shows when servers are put side by side. */
export function podFindings({ name }: PodSpec, servers: readonly SeenServer[]): FindingView[] {
  const ids = new Map<number, string[]>();
  for (const { facts, spec } of servers) {
    if (facts instanceof PodwayError || facts.uid === undefined) continue;
    ids.set(facts.uid, [...(ids.get(facts.uid) ?? []), spec.name]);
  }
  if (ids.size < 2) return [];
  const told = [...ids].map(([uid, names]) => `${uid} on ${names.join(', ')}`).join('; ');
  return [
    finding('error', 'DOCTOR.USER_IDS_DIFFER', {
      detail: `Podway's user has different ids on the servers of POD ${name}: ${told}. Owners count in fingerprints`,
      remedy: 'Give the user the same id on all servers (usermod -u), or let Podway log in as root on all',
    }),
  ];
}

function finding(
  severity: FindingSeverity,
  code: string,
  { detail, remedy }: Pick<FindingView, 'detail' | 'remedy'>,
): Told {
  return { code, severity, detail, remedy };
}

function unreached({ code, message, details }: PodwayError, { ssh }: ServerSpec): Told {
  const at = ssh === undefined ? '' : `${ssh.port === undefined ? '' : `-p ${ssh.port} `}${ssh.host}`;
  const user = ssh?.user ?? 'root';
  const { shown } = details as { shown?: unknown };
  const remedies: Readonly<Record<string, string>> = {
    'HOST.UNREACHABLE': `Is the server up, does sshd listen, do firewalls let the verifier through? Try: ssh ${at}`,
    'HOST.KEY_MISMATCH':
      `Compare with \`ssh-keyscan ${at}\` over a way that you trust. If the key was changed on purpose, put it into ` +
      `hostKeys of pods.yaml and apply it${typeof shown === 'string' ? `: ${shown}` : ''}`,
    'HOST.AUTH_FAILED': `Put the public part of identityFile into ~${user}/.ssh/authorized_keys on the server; the private key must be readable where the verifier runs`,
    'HOST.NO_ACCESS': 'Say in pods.yaml how the server is reached: ssh or local',
    'HOST.TIMEOUT': 'The server answers, but too slowly: look at its load and its disks',
  };
  return finding('error', code, {
    detail: message,
    remedy: remedies[code] ?? 'Look into the log of the verifier and of sshd on the server',
  });
}

function factFindings(facts: ServerFacts, seen: SeenServer, needs: Needs): Told[] {
  return [
    ...(facts.whole ? [] : [noise()]),
    ...facts.missing.map((program) => missing(program, needs)),
    ...facts.unfit.map((program) =>
      finding('error', 'DOCTOR.TOOL_UNFIT', {
        detail: `${program} is not GNU ${program}`,
        remedy: `Install GNU ${program} (package ${packageOf(program) ?? program}) so that it comes first on PATH`,
      }),
    ),
    ...facts.unreadable.map((file) =>
      finding('error', 'DOCTOR.FILE_UNREADABLE', {
        detail: `${file}, for ${needs.files.get(file) ?? 'the POD'}, is not there or cannot be read`,
        remedy: `Put it there, readable by ${facts.user ?? "Podway's user"}`,
      }),
    ),
    ...placeFindings(facts, seen),
    ...spaceFindings(facts, seen),
    ...clockFindings(seen),
    ...hostFindings(facts, seen),
  ];
}

function noise(): Told {
  return finding('error', 'DOCTOR.LOGIN_NOISE', {
    detail: 'A command prints more, or less, than it should: a start-up file of the shell writes or ends it',
    remedy: 'Keep ~/.bashrc and the like silent when there is no terminal; the user needs a POSIX shell',
  });
}

function missing(program: string, { programs }: Needs): Told {
  const debian = packageOf(program);
  return finding('error', 'DOCTOR.TOOL_MISSING', {
    detail: `There is no ${program}, which is needed by ${programs.get(program) ?? 'the POD'}`,
    remedy:
      debian === undefined ? `Install ${program} on the server` : `On Debian: apt-get install ${debian}`,
  });
}

function placeFindings({ place, near, closed, current, user }: ServerFacts, { path }: SeenServer): Told[] {
  const who = user ?? "Podway's user";
  const found: Told[] = [];
  if (place === 'not-a-folder')
    found.push(
      finding('error', 'DOCTOR.PATH_NOT_A_FOLDER', {
        detail: `${near} is not a folder, so ${path} cannot be one`,
        remedy: 'Move it away, or name another path in pods.yaml',
      }),
    );
  if (place === 'not-writable')
    found.push(
      finding('error', 'DOCTOR.PATH_NOT_WRITABLE', {
        detail: `${who} may not write to ${near}, or it is mounted read-only`,
        remedy: `mkdir -p '${path}' && chown ${who} '${path}', as root on the server`,
      }),
    );
  for (const folder of closed)
    found.push(
      finding('error', 'DOCTOR.PATH_NOT_WRITABLE', {
        detail: `${who} may not write to ${path}/${folder}: it is somebody else's`,
        remedy: `chown -R ${who} '${path}/${folder}', as root on the server`,
      }),
    );
  if (current === 'foreign')
    found.push(
      finding('error', 'DOCTOR.CURRENT_FOREIGN', {
        detail: `${path}/current is there and is no link of Podway's`,
        remedy: `Move it away: mv '${path}/current' '${path}/before-podway'. What is in it can be published`,
      }),
    );
  return found;
}

function spaceFindings({ diskFreeMb, inodesFree, near }: ServerFacts, { path }: SeenServer): Told[] {
  const found: Told[] = [];
  if (diskFreeMb !== undefined && diskFreeMb < DISK_WARNING_MB)
    found.push(
      finding(diskFreeMb < DISK_ERROR_MB ? 'error' : 'warning', 'DOCTOR.DISK_LOW', {
        detail: `${diskFreeMb} MiB are free below ${near ?? path}`,
        remedy: 'Make room, or keep fewer releases (state.keep in pods.yaml)',
      }),
    );
  if (inodesFree !== undefined && inodesFree < INODES_WARNING)
    found.push(
      finding(inodesFree < INODES_ERROR ? 'error' : 'warning', 'DOCTOR.INODES_LOW', {
        detail: `${inodesFree} inodes are free below ${near ?? path}`,
        remedy: 'Remove small files, or keep fewer releases (state.keep in pods.yaml)',
      }),
    );
  return found;
}

function clockFindings({ clockSkewMs = 0 }: SeenServer): Told[] {
  const off = Math.abs(clockSkewMs);
  if (off < CLOCK_WARNING_MS) return [];
  return [
    finding(off < CLOCK_ERROR_MS ? 'warning' : 'error', 'DOCTOR.CLOCK_SKEW', {
      detail: `Its clock is ${Math.round(off / 1_000)} s ${clockSkewMs < 0 ? 'behind' : 'ahead'}`,
      remedy: 'Have it set by NTP: timedatectl set-ntp true, or install chrony',
    }),
  ];
}

function hostFindings({ bootHook, hostScript }: ServerFacts, { path }: SeenServer): Told[] {
  return [
    ...(bootHook === 'none'
      ? [
          finding('warning', 'DOCTOR.NO_BOOT_HOOK', {
            detail: 'Nothing would run the watchdog after a reboot: neither systemd nor cron can be used',
            remedy:
              'Install cron (apt-get install cron), or let Podway log in as root on a server with systemd',
          }),
        ]
      : []),
    ...(hostScript === 'other'
      ? [
          finding('notice', 'DOCTOR.HOST_SCRIPT_OTHER', {
            detail: `The podway-host below ${path}/.podway/bin is not the one of this version`,
            remedy: 'Nothing is to be done: the next step on the server replaces it',
          }),
        ]
      : []),
  ];
}

function webFindings({ spec, silence }: SeenServer): Told[] {
  if (silence === undefined) return [];
  return [
    finding('error', 'DOCTOR.HTTP_SILENT', {
      detail: `Nothing answers at ${spec.http}: ${silence}`,
      remedy:
        'Start the web server, with <path>/current as its root; its address must be reachable from the verifier',
    }),
  ];
}
