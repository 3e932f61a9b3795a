import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PodwayError, type ServerSpec } from '@podway/contracts';
import { SshServers } from '@podway/testing/ssh-servers';
import { InventoryHostSessions } from './inventory-host-sessions.js';
import type { HostSession } from './host-session.js';

let servers: SshServers;
let sessions: InventoryHostSessions;
const local: ServerSpec = { name: 'here', local: true, http: 'http://127.0.0.1:80' };

beforeAll(async () => {
  servers = await SshServers.start();
  sessions = new InventoryHostSessions();
});
afterAll(async () => {
  await sessions.close();
  await servers.stop();
});

const coded = (code: string, retryable: boolean): object =>
  expect.objectContaining({ code, retryable }) as object;

describe.each([
  ['ssh', (): ServerSpec => servers.at(0).spec()],
  ['local', (): ServerSpec => local],
])('a session over %s', (_, spec) => {
  let session: HostSession;
  beforeAll(async () => {
    session = await sessions.session(spec());
  });

  it('runs a program and tells exit code, output and complaints', async () => {
    const result = await session.exec([
      'sh',
      '-c',
      'echo "out $1"; echo err >&2; exit 3',
      'sh',
      `it's $HOME`,
    ]);
    expect(result).toEqual({ code: 3, stdout: "out it's $HOME\n", stderr: 'err\n' });
    expect(session.server).toBe(spec().name);
  });

  it('tells the signal that ended a program', async () => {
    expect(await session.exec(['sh', '-c', 'kill -TERM $$'])).toMatchObject({
      code: null,
      signal: expect.stringMatching(/TERM$/),
    });
  });

  it('answers 127 for a missing program and 126 for one that cannot be run', async () => {
    expect((await session.exec(['podway-no-such-program'])).code).toBe(127);
    expect((await session.exec(['/etc/passwd'])).code).toBe(126);
  });

  it.each<[string, string | Uint8Array | Readable]>([
    ['text', 'grüße'],
    ['bytes', Buffer.from('grüße')],
    ['a stream', Readable.from([Buffer.from('grü'), Buffer.from('ße')])],
  ])('feeds %s to standard input', async (_kind, stdin) => {
    expect((await session.exec(['cat'], { stdin })).stdout).toBe('grüße');
  });

  it('closes standard input when there is none', async () => {
    expect(await session.exec(['cat'])).toMatchObject({ code: 0, stdout: '' });
  });

  it('is not hurt by a program that does not read its input', async () => {
    const stdin = Readable.from(Array.from({ length: 200 }, () => Buffer.alloc(65_536)));
    expect((await session.exec(['sh', '-c', 'exit 5'], { stdin })).code).toBe(5);
  });

  it('carries large binary streams both ways, unchanged', async () => {
    const chunk = Buffer.from(Array.from({ length: 256 * 256 }, (__, index) => (index * 7) % 256));
    const { stdout, done } = session.stream(['cat'], {
      stdin: Readable.from(Array.from({ length: 300 }, () => chunk)),
    });
    let bytes = 0;
    for await (const part of stdout as AsyncIterable<Buffer>) {
      for (const [index, byte] of part.subarray(0, 64).entries())
        expect(byte).toBe(chunk[(bytes + index) % chunk.length]);
      bytes += part.length;
    }
    expect(bytes).toBe(300 * chunk.length);
    expect(await done).toEqual({ code: 0, stderr: '' });
  });

  it('tells exit code and complaints of a stream', async () => {
    const { stdout, done } = session.stream(['sh', '-c', 'echo some; echo why >&2; exit 4']);
    expect(await stdout.toArray()).toEqual([Buffer.from('some\n')]);
    expect(await done).toEqual({ code: 4, stderr: 'why\n' });
  });

  it('gives up on a program that takes too long', async () => {
    await expect(session.exec(['sleep', '60'], { timeoutMs: 100 })).rejects.toEqual(
      coded('HOST.TIMEOUT', true),
    );
    const { stdout, done } = session.stream(['sleep', '60'], { timeoutMs: 100 });
    await expect(stdout.toArray()).rejects.toEqual(coded('HOST.TIMEOUT', true));
    await expect(done).rejects.toEqual(coded('HOST.TIMEOUT', true));
  });

  it('gives up when the caller does', async () => {
    const controller = new AbortController();
    const waiting = session.exec(['sleep', '60'], { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toEqual(coded('HOST.ABORTED', false));
    await expect(session.exec(['true'], { signal: controller.signal })).rejects.toEqual(
      coded('HOST.ABORTED', false),
    );
  });

  it('gives up when the reader of a stream does', async () => {
    const { stdout, done } = session.stream(['cat', '/dev/zero']);
    stdout.once('data', () => stdout.destroy());
    await expect(done).rejects.toEqual(coded('HOST.ABORTED', false));
  });

  it('refuses more output than allowed', async () => {
    const limited = session.exec(['head', '-c', '100001', '/dev/zero'], { maxOutputBytes: 100_000 });
    await expect(limited).rejects.toEqual(coded('HOST.OUTPUT_TOO_LARGE', false));
    const endless = session.exec(['cat', '/dev/zero'], { maxOutputBytes: 100_000 });
    await expect(endless).rejects.toEqual(coded('HOST.OUTPUT_TOO_LARGE', false));
  });

  it('does not take a source that breaks off for a short one', async () => {
    const source = (): Readable =>
      Readable.from(
        (async function* () {
          yield Buffer.from('half');
          await Promise.resolve();
          throw new Error('the source broke');
        })(),
      );
    await expect(session.exec(['cat'], { stdin: source() })).rejects.toMatchObject({
      code: 'HOST.ABORTED',
      cause: { message: 'the source broke' },
    });
    await expect(session.stream(['cat'], { stdin: source() }).done).rejects.toMatchObject({
      code: 'HOST.ABORTED',
    });
    const reason = new PodwayError('ARTIFACT.CORRUPT', 'not what it was');
    const broken = new Readable({ read: () => undefined });
    setImmediate(() => broken.destroy(reason));
    await expect(session.exec(['cat'], { stdin: broken })).rejects.toBe(reason);
  });

  it('gives a session of its own that ends alone', async () => {
    const own = await sessions.fresh(spec());
    expect((await own.exec(['echo', 'hi'])).stdout).toBe('hi\n');
    await own.close();
    expect((await session.exec(['echo', 'hi'])).stdout).toBe('hi\n');
  });
});

describe('a local session', () => {
  it('does not show our environment to programs', async () => {
    const session = await sessions.session(local);
    const { stdout } = await session.exec(['env']);
    expect(
      stdout
        .split('\n')
        .map((line) => line.split('=')[0])
        .sort(),
    ).toEqual(['', 'HOME', 'PATH']);
  });

  it('is refused where it is not allowed, and so is a server with no or two ways', async () => {
    const strict = new InventoryHostSessions({ allowLocal: false });
    const refused = coded('HOST.NO_ACCESS', false);
    await expect(strict.session(local)).rejects.toEqual(refused);
    await expect(strict.fresh(local)).rejects.toEqual(refused);
    await expect(sessions.session({ ...local, local: false })).rejects.toEqual(refused);
    await expect(sessions.session(servers.at(0).spec({ local: true }))).rejects.toEqual(refused);
  });
});
