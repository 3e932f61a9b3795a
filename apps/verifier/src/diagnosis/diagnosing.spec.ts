import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DiagnosePod, PodSpec, validated, type DiagnosisView, type ServerSpec } from '@podway/contracts';
import { NodeSshHostSessions, type HostSession, type HostSessions } from '@podway/hosts';
import type { Inventory } from '@podway/persistence';
import { PodServers } from '@podway/service-kit';
import { StateSetDriver } from '@podway/state';
import { SshServers, type SshServer } from '@podway/testing/ssh-servers';
import { Diagnosing } from './diagnosing.js';

let machines: SshServers;
let server: SshServer;
let hosts: HostSessions;
let folder: string;

beforeAll(async () => {
  machines = await SshServers.start({ names: ['web1', 'web2'], sites: true });
  server = machines.at(0);
  hosts = new NodeSshHostSessions();
  folder = await mkdtemp(join(tmpdir(), 'podway-doctor-'));
}, 60_000);
afterAll(async () => {
  await hosts?.close();
  await machines?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await rm(server.path, { recursive: true, force: true });
  await mkdir(server.path, { recursive: true });
});

interface Scene {
  servers?: ServerSpec[];
  pod?: Partial<PodSpec>;
  sessions?: HostSessions;
}

async function diagnosis({
  servers = [server.spec()],
  pod = {},
  sessions = hosts,
}: Scene = {}): Promise<DiagnosisView> {
  const spec = validated(PodSpec, {
    ...{ name: 'shop', client: 'acme', path: '/srv/shop', state: { driver: 'tree' }, servers, ...pod },
  });
  const inventory = { revision: () => Promise.resolve(spec) } as unknown as Inventory;
  const given: { answer?: DiagnosisView }[] = [];
  const work = new Diagnosing(new PodServers(inventory, sessions, new StateSetDriver()), {
    answer: async (_id, answer) => void given.push(answer as { answer: DiagnosisView }),
  });
  await work.look(
    Object.assign(new DiagnosePod(), { lookId: 'L', client: 'acme', pod: 'shop', podRevision: 1 }),
  );
  const [only] = given;
  if (!only?.answer) throw new Error(`no diagnosis: ${JSON.stringify(given)}`);
  return only.answer;
}

const codes = ({ findings }: DiagnosisView): string[] =>
  findings.map(({ severity, code, server: on }) => `${severity} ${code} ${on ?? '-'}`);

/** The same servers, where programs are first looked for in a folder of ours, or only there. */
function withPrograms(bin: string, { only = false, variables = [] as readonly string[] } = {}): HostSessions {
  const path = only ? bin : `${bin}:${process.env.PATH}`;
  const wrapped = <S extends HostSession>(session: S): S =>
    Object.assign(Object.create(session) as S, {
      // The script adds the usual folders to PATH: those are taken out of it for `only`.
      exec: (argv: readonly string[], options?: Parameters<S['exec']>[1]) =>
        session.exec(['env', ...variables, `PATH=${path}`, join(bin, 'sh'), ...argv.slice(1)], {
          ...options,
          ...(only && typeof options?.stdin === 'string'
            ? { stdin: options.stdin.replace(/^PATH=.*$/m, `PATH=${bin}`) }
            : {}),
        }),
    });
  return {
    session: async (spec) => wrapped(await hosts.session(spec)),
    fresh: async (spec) => wrapped(await hosts.fresh(spec)),
    close: () => Promise.resolve(),
  };
}

async function programs(
  name: string,
  made: Record<string, string>,
  links: readonly string[],
): Promise<string> {
  const bin = await mkdtemp(join(folder, `${name}-`));
  for (const link of links) {
    const at = execFileSync('sh', ['-c', 'command -v "$0"', link], { encoding: 'utf8' }).trim();
    if (at.startsWith('/')) await symlink(at, join(bin, link));
  }
  for (const [program, text] of Object.entries(made)) {
    await writeFile(join(bin, program), `#!/bin/sh\n${text}\n`);
    await chmod(join(bin, program), 0o755);
  }
  return bin;
}

describe('a server that is fit', () => {
  it('has nothing to mend, is told of, and is left as it was', async () => {
    const view = await diagnosis({ servers: machines.servers.map((one) => one.spec()) });
    expect(view.findings.filter(({ code }) => code !== 'DOCTOR.DISK_LOW')).toEqual([]);
    expect(view).toMatchObject({ pod: 'shop', fit: true });
    expect(view.servers).toMatchObject([
      { name: 'web1', reached: true, answers: true, bootHook: 'cron', user: expect.any(String) as string },
      { name: 'web2', reached: true, diskFreeMb: expect.any(Number) as number },
    ]);
    expect(Math.abs(view.servers[0]?.clockSkewMs ?? 99_999)).toBeLessThan(5_000);
    expect(await readdir(server.path)).toEqual([]);
  });

  it('may have no folder yet', async () => {
    const view = await diagnosis({ servers: [server.spec({ path: `${server.root}/new/er/site` })] });
    expect(view.fit).toBe(true);
    expect(await readdir(server.root)).not.toContain('new');
  });
});

describe('a server that cannot be reached', () => {
  it('is down', async () => {
    await machines.at(1).stop();
    const view = await diagnosis({ servers: machines.servers.map((one) => one.spec()) });
    await machines.at(1).start();
    expect(view.fit).toBe(false);
    expect(codes(view)).toEqual(['error HOST.UNREACHABLE web2', 'error DOCTOR.HTTP_SILENT web2']);
    expect(view.servers[1]).toMatchObject({ reached: false, answers: false });
    expect(view.findings[0]?.remedy).toContain(`ssh -p ${machines.at(1).port} 127.0.0.1`);
  });

  it('shows another host key', async () => {
    const { ssh } = server.spec();
    const hostKeys = machines.at(1).spec().ssh?.hostKeys ?? [];
    const view = await diagnosis({
      servers: [server.spec({ ssh: { ...ssh, hostKeys } as ServerSpec['ssh'] })],
    });
    expect(codes(view)).toEqual(['error HOST.KEY_MISMATCH web1']);
    expect(view.findings[0]?.remedy).toContain(ssh?.hostKeys[0]?.split(' ')[1]);
  });

  it('does not know our key', async () => {
    const identityFile = join(folder, 'other_key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', identityFile]);
    const { ssh } = server.spec();
    const view = await diagnosis({
      servers: [server.spec({ ssh: { ...ssh, identityFile } as ServerSpec['ssh'] })],
    });
    expect(codes(view)).toEqual(['error HOST.AUTH_FAILED web1']);
    expect(view.findings[0]?.remedy).toContain('authorized_keys');
  });
});

describe('a server that is not fit', () => {
  it('has a folder that cannot be one, or that cannot be written to', async () => {
    await writeFile(join(server.path, 'file'), '');
    const below = await diagnosis({ servers: [server.spec({ path: `${server.path}/file/site` })] });
    expect(codes(below)).toEqual(['error DOCTOR.PATH_NOT_A_FOLDER web1']);
    const readOnly = await diagnosis({ servers: [server.spec({ path: '/proc/sys/podway' })] });
    expect(codes(readOnly)).toContain('error DOCTOR.PATH_NOT_WRITABLE web1');
  });

  it("has a `current` of somebody else's", async () => {
    await mkdir(join(server.path, 'current'));
    expect(codes(await diagnosis())).toEqual(['error DOCTOR.CURRENT_FOREIGN web1']);
    await rm(join(server.path, 'current'), { recursive: true });
    await symlink('/srv/old', join(server.path, 'current'));
    expect(codes(await diagnosis())).toEqual(['error DOCTOR.CURRENT_FOREIGN web1']);
    await rm(join(server.path, 'current'));
    await symlink('releases/01JX4E8A2M8V3K5N6P9R0S1T31', join(server.path, 'current'));
    expect(codes(await diagnosis())).toEqual([]);
  });

  it('lacks what parts of the state, reload and checks need', async () => {
    const parts = [
      {
        name: 'mail',
        driver: 'command',
        commands: { fingerprint: ['/opt/none/a'], snapshot: ['sh'], restore: ['sh'] },
      },
      {
        name: 'config',
        driver: 'paths',
        paths: ['/etc/x'],
        repository: 'sftp:b@s:/r',
        passwordFile: '/none/pw',
      },
    ];
    const view = await diagnosis({
      pod: {
        state: { driver: 'tree', reload: ['no-such-reload'], parts } as unknown as PodSpec['state'],
        checks: [{ name: 'ping', probe: 'command', run: ['/opt/none/ping'] }] as PodSpec['checks'],
      },
    });
    const told = view.findings.map(({ code, detail }) => `${code} ${detail}`).join('\n');
    expect(told).toContain(
      'DOCTOR.TOOL_MISSING There is no /opt/none/a, which is needed by part mail of the state',
    );
    expect(told).toContain('There is no no-such-reload, which is needed by reload of the state');
    expect(told).toContain('There is no /opt/none/ping, which is needed by check ping');
    expect(told).toContain('DOCTOR.FILE_UNREADABLE /none/pw, for part config of the state');
  });

  it('lacks programs of the base system, or has others of that name', async () => {
    const all = [
      'sh',
      'find',
      'sed',
      'grep',
      'cut',
      'tr',
      'id',
      'date',
      'df',
      'readlink',
      'sha256sum',
      'sort',
    ];
    const bin = await programs('few', { tar: 'echo busybox', awk: 'exec /usr/bin/awk "$@"' }, all);
    const view = await diagnosis({ sessions: withPrograms(bin, { only: true }) });
    const told = view.findings.map(({ code, detail, remedy }) => `${code} ${detail} ${remedy}`);
    expect(told).toContainEqual(
      expect.stringMatching(/^DOCTOR\.TOOL_MISSING .* no flock, .* apt-get install util-linux$/),
    );
    expect(told).toContainEqual(expect.stringMatching(/^DOCTOR\.TOOL_UNFIT tar is not GNU tar/));
    expect(told.filter((one) => one.includes(' no find,'))).toEqual([]);
  });

  it.each([
    [
      'is a minute behind',
      'echo $(($(/bin/date +%s) - 60))',
      'warning DOCTOR.CLOCK_SKEW web1',
      /^Its clock is (59|60|61) s behind/,
    ],
    [
      'is an hour ahead',
      'echo $(($(/bin/date +%s) + 3600))',
      'error DOCTOR.CLOCK_SKEW web1',
      /^Its clock is (3599|3600|3601) s ahead/,
    ],
  ])('has a clock that %s', async (name, date, code, detail) => {
    const bin = await programs(name.replaceAll(' ', '-'), { date }, ['sh']);
    const view = await diagnosis({ sessions: withPrograms(bin) });
    expect(codes(view)).toEqual([code]);
    expect(view.findings[0]?.detail).toMatch(detail);
  });

  it.each([
    ['50000', '100', ['error DOCTOR.DISK_LOW web1', 'error DOCTOR.INODES_LOW web1']],
    ['500000', '5000', ['warning DOCTOR.DISK_LOW web1', 'warning DOCTOR.INODES_LOW web1']],
    ['50000000', '0 /no-inodes', []],
  ])('has little room: %s KiB, %s inodes', async (disk, inodes, expected) => {
    const all = inodes.includes('no-inodes') ? '0' : '90000';
    const df = `case $1 in -Pi) n='${all} 0 ${inodes}' ;; *) n='90000000 0 ${disk}' ;; esac\nprintf 'head\\nx %s\\n' "$n"`;
    const bin = await programs(`df-${disk}`, { df }, ['sh']);
    expect(codes(await diagnosis({ sessions: withPrograms(bin) }))).toEqual(expected);
  });

  it('has nothing that would run the watchdog after a reboot', async () => {
    const bin = await programs('no-boot', {}, ['sh']);
    const view = await diagnosis({
      sessions: withPrograms(bin, { variables: [`PODWAY_HOST_ETC=${bin}`, `PODWAY_HOST_RUN=${bin}`] }),
    });
    expect(codes(view)).toEqual(['warning DOCTOR.NO_BOOT_HOOK web1']);
    expect(view.servers[0]?.bootHook).toBe('none');
    expect(view.findings[0]?.remedy).toContain('apt-get install cron');
  });

  it('has another podway-host than ours', async () => {
    const bin = join(server.path, '.podway', 'bin');
    await mkdir(bin, { recursive: true });
    const frame = await readFile(new URL('../../../../libs/state/host/10-frame.sh', import.meta.url), 'utf8');
    const version = /^PODWAY_HOST_VERSION=(\d+)$/m.exec(frame)?.[1];
    await writeFile(join(bin, 'podway-host-0'), 'of an older version');
    expect(codes(await diagnosis())).toEqual([]);
    await writeFile(join(bin, `podway-host-${version}`), 'not as it was');
    const view = await diagnosis();
    expect(codes(view)).toEqual(['notice DOCTOR.HOST_SCRIPT_OTHER web1']);
    expect(view.fit).toBe(true);
  });

  it('has a login that prints', async () => {
    const bin = await programs('noise', { sh: 'echo Welcome\nexec /bin/sh "$@"' }, []);
    expect(codes(await diagnosis({ sessions: withPrograms(bin) }))).toContain(
      'error DOCTOR.LOGIN_NOISE web1',
    );
  });

  it('has other user ids than the others', async () => {
    const id = 'case $1 in -u) echo 4711 ;; *) echo deploy ;; esac';
    const bin = await programs('ids', { id }, ['sh']);
    const other = withPrograms(bin);
    const mixed: HostSessions = {
      ...hosts,
      fresh: (spec) => (spec.name === 'web2' ? other.fresh(spec) : hosts.fresh(spec)),
    } as HostSessions;
    const view = await diagnosis({ servers: machines.servers.map((one) => one.spec()), sessions: mixed });
    expect(codes(view)).toEqual(['error DOCTOR.USER_IDS_DIFFER -']);
  });
});
