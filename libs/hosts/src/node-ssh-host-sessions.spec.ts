import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerSpec, SshAccess } from '@podway/contracts';
import { SshServers, freePort } from '@podway/testing/ssh-servers';
import { NodeSshHostSessions } from './node-ssh-host-sessions.js';

let servers: SshServers;
let sessions: NodeSshHostSessions;

beforeAll(async () => {
  servers = await SshServers.start({ names: ['target', 'bastion'] });
});
afterAll(() => servers.stop());
beforeEach(() => {
  sessions = new NodeSshHostSessions();
});
afterEach(async () => {
  await sessions.close();
  await vi.waitFor(async () => expect(await servers.at(0).connections()).toBe(0));
});

const coded = (code: string, retryable: boolean): object =>
  expect.objectContaining({ code, retryable }) as object;

function specWith(changes: Partial<SshAccess>): ServerSpec {
  const spec = servers.at(0).spec();
  return { ...spec, ssh: { ...(spec.ssh as SshAccess), ...changes } };
}

describe('the host key', () => {
  it('must be one of those in the inventory', async () => {
    const other = servers.at(1).spec().ssh?.hostKeys ?? [];
    const refused = coded('HOST.KEY_MISMATCH', false);
    await expect(sessions.session(specWith({ hostKeys: other }))).rejects.toEqual(refused);
    await expect(sessions.fresh(specWith({ hostKeys: other }))).rejects.toEqual(refused);
    const both = [...other, ...(servers.at(0).spec().ssh?.hostKeys ?? [])];
    expect((await sessions.session(specWith({ hostKeys: both }))).server).toBe('target');
  });

  it('is shown when it is refused, so that a person can compare it', async () => {
    const [own = ''] = servers.at(0).spec().ssh?.hostKeys ?? [];
    const other = servers.at(1).spec().ssh?.hostKeys ?? [];
    await expect(sessions.session(specWith({ hostKeys: other }))).rejects.toMatchObject({
      details: { shown: own },
    });
  });
});

describe('the client key', () => {
  it('must be accepted by the server', async () => {
    const foreign = join(servers.at(1).root, 'ssh', 'host_key');
    await expect(sessions.session(specWith({ identityFile: foreign }))).rejects.toEqual(
      coded('HOST.AUTH_FAILED', false),
    );
  });

  it('must be there and be a key', async () => {
    const refused = coded('HOST.AUTH_FAILED', false);
    const noKey = join(servers.root, 'no-key');
    await writeFile(noKey, 'this is not a key');
    await expect(sessions.session(specWith({ identityFile: noKey }))).rejects.toEqual(refused);
    await expect(sessions.session(specWith({ identityFile: '/no/such/key' }))).rejects.toEqual(refused);
    await expect(sessions.session(specWith({ identityFile: undefined }))).rejects.toEqual(refused);
  });

  it('is the default one when the hop names none', async () => {
    const withDefault = new NodeSshHostSessions({ identityFile: servers.identityFile });
    const session = await withDefault.session(specWith({ identityFile: undefined }));
    expect((await session.exec(['echo', 'in'])).stdout).toBe('in\n');
    await withDefault.close();
  });
});

describe('a server that cannot be reached', () => {
  it('is unreachable when nothing listens', async () => {
    await expect(sessions.session(specWith({ port: await freePort() }))).rejects.toEqual(
      coded('HOST.UNREACHABLE', true),
    );
    await expect(sessions.session(specWith({ host: 'no-such-host.invalid' }))).rejects.toEqual(
      coded('HOST.UNREACHABLE', true),
    );
  });

  it('is unreachable while it is frozen, and reachable again after', async () => {
    await servers.at(0).freeze();
    const hasty = new NodeSshHostSessions({ connectTimeoutMs: 500 });
    await expect(hasty.session(servers.at(0).spec())).rejects.toEqual(coded('HOST.UNREACHABLE', true));
    await servers.at(0).thaw();
    expect((await sessions.session(servers.at(0).spec())).server).toBe('target');
  });
});

describe('the pooled connection', () => {
  it('carries many commands at once over one connection', async () => {
    const spec = servers.at(0).spec();
    const asked = await Promise.all(Array.from({ length: 5 }, () => sessions.session(spec)));
    const outputs = asked.flatMap((session, index) =>
      Array.from({ length: 6 }, (_, n) => session.exec(['sh', '-c', `sleep 0.05; echo ${index}.${n}`])),
    );
    const seen = (await Promise.all(outputs)).map(({ stdout }) => stdout.trim());
    expect(seen).toEqual(Array.from({ length: 30 }, (_, n) => `${Math.floor(n / 6)}.${n % 6}`));
    expect(await servers.at(0).connections()).toBe(1);
  });

  it('waits when the server takes fewer commands at once than we thought', async () => {
    const eager = new NodeSshHostSessions({ maxChannels: 25 });
    const session = await eager.session(servers.at(0).spec());
    const running = Array.from({ length: 25 }, () => session.exec(['sleep', '0.1']));
    expect((await Promise.all(running)).map(({ code }) => code)).toEqual(running.map(() => 0));
    await eager.close();
  });

  it('lets go of a waiting command that is given up', async () => {
    const session = await sessions.session(servers.at(0).spec());
    const running = Array.from({ length: 8 }, () => session.exec(['sleep', '0.5']));
    await expect(session.exec(['true'], { timeoutMs: 50 })).rejects.toEqual(coded('HOST.TIMEOUT', true));
    await Promise.all(running);
    expect((await session.exec(['true'])).code).toBe(0);
  });

  it('tells a running command that the connection was lost, and connects again for the next', async () => {
    const session = await sessions.session(servers.at(0).spec());
    const running = session.exec(['sleep', '60']);
    const { stdout, done } = session.stream(['sh', '-c', 'echo begun; sleep 60']);
    await new Promise((resolve) => stdout.once('readable', resolve));
    await servers.at(0).cut();
    const lost = coded('HOST.CONNECTION_LOST', true);
    await expect(running).rejects.toEqual(lost);
    await expect(stdout.toArray()).rejects.toEqual(lost);
    await expect(done).rejects.toEqual(lost);
    expect((await session.exec(['echo', 'back'])).stdout).toBe('back\n');
  });

  it('notices a server that froze under a command', async () => {
    const watchful = new NodeSshHostSessions({ keepaliveIntervalMs: 500, keepaliveCountMax: 2 });
    const session = await watchful.session(servers.at(0).spec());
    const running = session.exec(['sleep', '60']);
    await vi.waitFor(async () => expect(await servers.at(0).commands()).not.toHaveLength(0));
    await servers.at(0).freeze();
    await expect(running).rejects.toEqual(coded('HOST.CONNECTION_LOST', true));
    await servers.at(0).thaw();
    expect((await session.exec(['echo', 'back'])).stdout).toBe('back\n');
    await watchful.close();
  });

  it('comes back after the server was restarted', async () => {
    const session = await sessions.session(servers.at(0).spec());
    await servers.at(0).stop();
    await vi.waitFor(() => expect(session.exec(['true'])).rejects.toEqual(coded('HOST.UNREACHABLE', true)));
    await servers.at(0).start();
    expect((await session.exec(['echo', 'back'])).stdout).toBe('back\n');
  });

  it('is closed when it was idle for long', async () => {
    const brief = new NodeSshHostSessions({ idleTimeoutMs: 50 });
    const session = await brief.session(servers.at(0).spec());
    await session.exec(['true']);
    expect(await servers.at(0).connections()).toBe(1);
    await vi.waitFor(async () => expect(await servers.at(0).connections()).toBe(0));
    expect((await session.exec(['echo', 'again'])).stdout).toBe('again\n');
    await brief.close();
  });

  it('is no longer given out after close', async () => {
    const session = await sessions.session(servers.at(0).spec());
    await sessions.close();
    await expect(session.exec(['true'])).rejects.toEqual(coded('HOST.UNREACHABLE', true));
  });
});

describe('a session of its own', () => {
  it('does not share the pooled connection', async () => {
    const pooled = await sessions.session(servers.at(0).spec());
    const own = await sessions.fresh(servers.at(0).spec());
    expect(await servers.at(0).connections()).toBe(2);
    const running = pooled.exec(['sh', '-c', 'sleep 0.2; echo done']);
    await own.close();
    expect((await running).stdout).toBe('done\n');
  });
});

describe('a jump host', () => {
  const through = (changes: Partial<SshAccess> = {}): ServerSpec =>
    specWith({ jump: { ...(servers.at(1).spec().ssh as SshAccess), ...changes } });

  it('carries the connection to the server', async () => {
    const session = await sessions.session(through());
    const { stdout } = await session.exec(['sh', '-c', 'echo $PODWAY_TEST_SERVER $SSH_CONNECTION']);
    expect(stdout).toMatch(/^target /);
    await servers.at(1).cut();
    await vi.waitFor(() =>
      expect(session.exec(['echo', 'back'])).resolves.toMatchObject({ stdout: 'back\n' }),
    );
    const own = await sessions.fresh(through());
    expect((await own.exec(['echo', 'own'])).stdout).toBe('own\n');
    await own.close();
    expect(await servers.at(1).cut()).toBeGreaterThan(0);
  });

  it('has its own pinned key', async () => {
    const wrong = through({ hostKeys: servers.at(0).spec().ssh?.hostKeys });
    await expect(sessions.session(wrong)).rejects.toEqual(coded('HOST.KEY_MISMATCH', false));
  });

  it('that cannot reach the server makes it unreachable', async () => {
    const spec = through();
    const ssh = { ...(spec.ssh as SshAccess), port: await freePort() };
    await expect(sessions.session({ ...spec, ssh })).rejects.toEqual(coded('HOST.UNREACHABLE', true));
  });
});
