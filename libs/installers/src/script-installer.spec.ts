import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Component } from '@podway/contracts';
import { resolveVariables } from './variables.js';
import { archive, installingServer, script, type Files } from '../test/installing-server.js';

const { bundle, context, install, publish, read, state, driver, at, nextToken } = installingServer();

describe('the installer script', () => {
  const dump = `#!/bin/sh
echo "$PODWAY_DEPLOYMENT_ID $PODWAY_POD $PODWAY_SERVER" >who
pwd -P >where
printf '%s' "$PODWAY_RELEASE_DIR" >release
cat "$PODWAY_BUNDLE_DIR/data.txt" >copied
printf '%s\\n' "$@" >arguments
`;

  it('runs a program of the bundle in the tree, with what it needs to know', async () => {
    const digest = await bundle({ 'bin/setup.sh': { run: dump }, 'data.txt': 'some data' });
    const id = await publish(digest, [script(['./bin/setup.sh', 'a b', '$(id)'])]);
    expect(read('who')).toBe(`${id} shop server-1\n`);
    expect(read('where').trim()).toBe(read('release'));
    expect(read('copied')).toBe('some data');
    expect(read('arguments')).toBe('a b\n$(id)\n');
  });

  it('may write into files: the tree before does not notice', async () => {
    const first = await publish(await bundle({ 'index.html': 'one\n' }), [archive()]);
    const before = state(first);
    const run = '#!/bin/sh\necho two >>index.html\n';
    await publish(await bundle({ 'run.sh': { run } }), [script(['./run.sh'])]);
    expect(read('index.html')).toBe('one\ntwo\n');
    expect(state(first)).toBe(before);
  });

  it('runs a program of the server, and tells what it says', async () => {
    const ctx = context();
    await publish(
      await bundle({ x: 'x' }),
      [script(['sh', '-c', 'echo step one; sleep 1; echo step two >&2'])],
      ctx,
    );
    expect(ctx.messages).toContain('step one');
    expect(ctx.log.printed.map(({ part, line, text }) => `${part} ${line} ${text}`)).toEqual([
      'setup 0 step one',
      'setup 1 step two',
    ]);
  });

  describe('with variables', () => {
    const secret = "it's $(id) \\ 100%\nand `more`\n";
    const variables = resolveVariables(
      [
        { name: 'edition', default: 'pro "x"\n' },
        { name: 'db-password', secret: true },
      ],
      { server: 'server-1', values: [{ 'db-password': { env: 'PODWAY_SECRET_DB' } }] },
      { environment: () => secret, file: async () => undefined },
    );

    it('has them in its environment, whatever is in them', async () => {
      const run = `#!/bin/sh\nprintf '%s' "$PODWAY_VAR_EDITION" >edition; printf '%s' "$PODWAY_VAR_DB_PASSWORD" >password\n`;
      const digest = await bundle({ 'run.sh': { run } });
      await publish(digest, [script(['./run.sh'])], context(), { variables: await variables });
      expect(read('edition')).toBe('pro "x"\n');
      expect(read('password')).toBe(secret);
    });

    it('shows a secret to no other process, and leaves it nowhere', async () => {
      const seen = join(at().folder, 'seen');
      const program = `for n in /proc/[0-9]*; do tr '\\0' ' ' <$n/cmdline; echo; done >${seen} 2>/dev/null; sleep 0.2`;
      const watching = setInterval(() => {
        appendFileSync(`${seen}.more`, execFileSync('ps', ['-eww', '-o', 'args=']));
      }, 20);
      try {
        const digest = await bundle({ x: 'x' });
        await publish(digest, [script(['sh', '-c', program])], context(), { variables: await variables });
      } finally {
        clearInterval(watching);
      }
      const all = readFileSync(seen, 'utf8') + readFileSync(`${seen}.more`, 'utf8');
      expect(all).toContain('podway-install');
      for (const form of ['$(id) ', 'and `more`', Buffer.from(secret).toString('base64').slice(0, 20)]) {
        expect(all).not.toContain(form);
        expect(spawnSync('grep', ['-rlF', form, join(at().folder, 'site')]).stdout.toString()).toBe('');
      }
    });

    it('tells nobody a secret that it prints, whole or in parts', async () => {
      const ctx = context();
      const print = `printf 'a%s' "$PODWAY_VAR_DB_PASSWORD"; sleep 1; printf '%.9s' "$PODWAY_VAR_DB_PASSWORD" >&2; exit 3`;
      const failed = publish(await bundle({ x: 'x' }), [script(['sh', '-c', print])], ctx, {
        variables: await variables,
      });
      const error = (await failed.catch((reason: unknown) => reason)) as Error;
      expect(error).toMatchObject({ code: 'INSTALL.SCRIPT_FAILED', details: { exitCode: 3 } });
      expect(error.message).toMatch(/: a\[secret\]\[secret\]$/);
      expect(ctx.messages).toContain('a[secret]');
      expect(JSON.stringify([ctx.messages, error.stack, error])).not.toMatch(/it's|more/);
    });
  });

  it.each<[string, string[], Partial<Component>, object]>([
    [
      'with another exit code',
      ['sh', '-c', 'echo it is broken >&2; exit 7'],
      {},
      { details: { exitCode: 7 }, message: expect.stringContaining('it is broken') as string },
    ],
    ['that is not there', ['podway-no-such-program'], {}, { details: { exitCode: 127 } }],
    [
      'that takes too long',
      ['sh', '-c', 'echo waiting; sleep 60'],
      { timeoutMs: 300 },
      { details: { exitCode: 124 } },
    ],
  ])('fails for a program %s', async (_, run, changes, expected) => {
    const failed = publish(await bundle({ x: 'x' }), [script(run, changes)]);
    await expect(failed).rejects.toMatchObject({
      code: 'INSTALL.SCRIPT_FAILED',
      retryable: false,
      ...expected,
    });
  });

  const counting = (journal: string): Files => ({
    'run.sh': { run: `#!/bin/sh\necho ran >>${journal}\nsleep 0.3\necho by the script >>made\n` },
  });

  it('runs once a deployment, however often it is asked', async () => {
    const journal = join(at().folder, 'journal');
    const digest = await bundle({ ...counting(journal), 'index.html': 'one' });
    const components = [archive(), script(['./run.sh'])];
    const ctx = context();
    const first = await install(digest, components, ctx);
    const again = await install(digest, components, { ...ctx, fencingToken: nextToken() });
    expect(again).toBe(first);
    await publish(digest, components, { ...ctx, fencingToken: nextToken() });
    expect(readFileSync(journal, 'utf8')).toBe('ran\n');
    expect(read('made')).toBe('by the script\n');
    expect(read('index.html')).toBe('one');
  });

  it('goes on when we are cut off, and is found again', async () => {
    const journal = join(at().folder, 'journal');
    const go = join(at().folder, 'go');
    const run = `#!/bin/sh\necho ran >>${journal}\nuntil [ -e ${go} ]; do sleep 0.1; done\necho by the script >>made\n`;
    const digest = await bundle({ 'run.sh': { run } });
    const controller = new AbortController();
    const ctx = context();
    const cut = install(digest, [script(['./run.sh'])], { ...ctx, signal: controller.signal });
    cut.catch(() => undefined);
    await vi.waitFor(() => expect(existsSync(journal)).toBe(true), { timeout: 10_000 });
    controller.abort(new Error('this worker ends'));
    await expect(cut).rejects.toThrow();
    expect(await at().server.cut()).toBeGreaterThan(0);
    await vi.waitFor(() => driver.inspect(at().target));
    const again = publish(digest, [script(['./run.sh'])], { ...ctx, fencingToken: nextToken() });
    writeFileSync(go, '');
    await again;
    expect(readFileSync(journal, 'utf8')).toBe('ran\n');
    expect(read('made')).toBe('by the script\n');
  });

  it('does not undo what a script made of the files of a component before it', async () => {
    const digest = await bundle({ 'site/page': 'source' });
    const components = [
      script(['true'], { name: 'first' }),
      archive({ source: 'site' }),
      script(['sh', '-c', 'echo compiled >page'], { name: 'second' }),
    ];
    const ctx = context();
    await install(digest, components, ctx);
    await publish(digest, components, { ...ctx, fencingToken: nextToken() });
    expect(read('page')).toBe('compiled\n');
  });

  it('does not know the outcome when the job was taken away', async () => {
    const digest = await bundle({ x: 'x' });
    const ctx = context();
    const lost = install(digest, [script(['sleep', '60'])], ctx);
    lost.catch(() => undefined);
    const jobs = join(at().folder, 'site/.podway/jobs');
    await vi.waitFor(
      () => expect(readdirSync(jobs).some((job) => existsSync(join(jobs, job, 'process')))).toBe(true),
      { timeout: 10_000 },
    );
    const [pid] = readFileSync(join(jobs, `${ctx.deploymentId}.setup`, 'process'), 'utf8').split('\t');
    process.kill(-Number(pid), 'SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'INSTALL.OUTCOME_UNKNOWN', retryable: false });
  });

  it('does not know the outcome when the folder is gone that it ran in', async () => {
    const digest = await bundle({ x: 'x' });
    const ctx = context();
    const first = await install(digest, [script(['true'])], ctx);
    rmSync(dirname(first), { recursive: true });
    const again = install(digest, [script(['true'])], { ...ctx, fencingToken: nextToken() });
    await expect(again).rejects.toMatchObject({ code: 'INSTALL.OUTCOME_UNKNOWN' });
  });

  it('stops following when it is given up', async () => {
    const controller = new AbortController();
    const ctx = { ...context(), signal: controller.signal };
    const followed = install(await bundle({ x: 'x' }), [script(['sleep', '60'])], ctx);
    setTimeout(() => controller.abort(new Error('deadline')), 1_500);
    await expect(followed).rejects.toThrow();
    await driver.restore(
      at().target,
      { ...context(ctx.deploymentId) },
      await driver.fingerprint(at().target, undefined),
    );
  });
});
