import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callScript, context, processesOf, treeServer, type TreeServer } from '../test/tree-server.js';
import { eventually } from '../test/eventually.js';
import { EMPTY_FINGERPRINT } from './common-base.js';
import type { JobView } from './state-driver.js';
import { TreeStateDriver } from './tree-state-driver.js';

const driver = new TreeStateDriver();
let server: TreeServer;
let ctx = context(1);

beforeEach(async () => {
  server = await treeServer();
  ctx = context(1);
  await driver.prepare(server);
});
afterEach(() => server.remove());

const start = (script: string, options: { jobId?: string; timeoutMs?: number } = {}) =>
  driver.startJob(server, ctx, {
    jobId: 'job',
    argv: ['sh', '-c', script],
    cwd: server.path,
    env: { WHERE: server.folder },
    timeoutMs: 30_000,
    ...options,
  });
const view = (fromByte = 0) => driver.followJob(server, 'job', { fromByte });
const state = async () => (await view()).state;
const journal = (name: string) => server.file(name);

async function ended(): Promise<JobView> {
  await eventually(async () => expect(await state()).not.toBe('running'));
  return view();
}

describe('a job', () => {
  it('starts once, however often and however concurrently it is asked for', async () => {
    await Promise.all([1, 2, 3, 4, 5].map(() => start('echo ran >>ran; sleep 0.3')));
    await ended();
    await start('echo ran >>ran');
    expect(readFileSync(journal('ran'), 'utf8')).toBe('ran\n');
    expect(await view()).toMatchObject({ state: 'exited', exitCode: 0 });
  });

  it('that a busy server could not start in time never begins behind our back', async () => {
    // It starts nothing before we let it.
    mkdirSync(server.file('bin'));
    const slow = '#!/bin/sh\nuntil [ -e "$0.go" ]; do sleep 0.1; done\nexec /usr/bin/setsid "$@"\n';
    writeFileSync(server.file('bin/setsid'), slow, { mode: 0o755 });
    const script = server.file('.podway/bin/podway-host');
    const job = [
      server.path,
      'job-start',
      '1',
      ctx.deploymentId,
      'job',
      server.path,
      '30000',
      'touch',
      'ran',
    ];
    const path = `PATH=${server.file('bin')}:${process.env.PATH}`;
    const answer = await server.session.exec(['env', path, 'sh', script, ...job]);
    expect(answer).toMatchObject({ code: 26, stderr: expect.stringContaining('JOB_NOT_STARTED') as string });
    expect(processesOf(server.folder)).not.toEqual([]);
    writeFileSync(server.file('bin/setsid.go'), '');
    await eventually(() => expect(processesOf(server.folder)).toEqual([]));
    expect(existsSync(journal('ran'))).toBe(false);
    await start('echo ran >>ran');
    expect(await ended()).toMatchObject({ state: 'exited', exitCode: 0 });
    expect(readFileSync(journal('ran'), 'utf8')).toBe('ran\n');
  }, 60_000);

  it('goes on when the caller is gone, and is followed by the byte', async () => {
    await start(
      'for i in 1 2 3; do echo "line $i"; sleep 0.1; done; printf "\\303"; sleep 0.2; printf "\\251"; exit 5',
    );
    let text = '';
    let from = 0;
    let last: JobView;
    do {
      last = await view(from);
      text += last.output;
      from = last.nextByte;
    } while (last.state === 'running' || last.more);
    text += (await view(from)).output;
    expect(text).toBe('line 1\nline 2\nline 3\né');
    expect(last.exitCode).toBe(5);
  });

  it('hands out long output in pieces', async () => {
    await start('seq 1 40000');
    await ended();
    let text = '';
    let piece = await view();
    for (text += piece.output; piece.more; text += piece.output) piece = await view(piece.nextByte);
    expect(text).toBe(Array.from({ length: 40_000 }, (_, i) => `${i + 1}\n`).join(''));
  });

  it('gets its arguments and variables as they are', async () => {
    const argv = ['printf', '%s|', 'a b', "it's", '$(touch hurt)', '', '-n', '*', 'é\n'];
    const env = { A: 'x y', B: "q'q", C: '$(touch hurt)', LC_ALL: 'C.UTF-8' };
    await driver.startJob(server, ctx, { jobId: 'job', argv, cwd: server.path, env, timeoutMs: 9000 });
    expect((await ended()).output).toBe("a b|it's|$(touch hurt)||-n|*|é\n|");
    await driver.startJob(server, ctx, {
      jobId: 'env',
      argv: ['sh', '-c', 'printf "%s|" "$A" "$B" "$C" "$LC_ALL" "${PODWAY_HOST_PROC-unset}"'],
      cwd: server.path,
      env,
      timeoutMs: 9000,
    });
    await eventually(async () => {
      const { output } = await driver.followJob(server, 'env', { fromByte: 0 });
      expect(output).toBe("x y|q'q|$(touch hurt)|C.UTF-8|unset|");
    });
    expect(existsSync(server.file('hurt'))).toBe(false);
  });

  it('is ended at its time, with all that it started', async () => {
    await start(`sh -c 'sleep 1000; : ${server.folder}' & sleep 1000`, { timeoutMs: 200 });
    expect(await ended()).toMatchObject({ state: 'exited', exitCode: 124 });
    await eventually(() => expect(processesOf(server.folder)).toEqual([]));
  });

  it('exits 127 when there is no such program', async () => {
    await driver.startJob(server, ctx, {
      jobId: 'job',
      argv: ['/no/such/program'],
      cwd: server.path,
      env: {},
      timeoutMs: 1000,
    });
    expect(await ended()).toMatchObject({ exitCode: 127 });
  });

  it('is lost when its process vanished', async () => {
    await start('sleep 1000');
    const pid = readFileSync(server.file('.podway/jobs/job/process'), 'utf8').split('\t')[0] ?? '';
    process.kill(-Number(pid), 'SIGKILL');
    expect((await ended()).state).toBe('lost');
    await start('echo again >again');
    expect(await state()).toBe('lost');
    expect(existsSync(server.file('again'))).toBe(false);
  });

  it('is lost after a reboot, even if a process has its number', async () => {
    await start('sleep 1000');
    expect(await state()).toBe('running');
    server.bootedSince(5, '00000000-0000-0000-0000-000000000002');
    expect(await state()).toBe('lost');
  });

  it('is lost when its caller was killed before it began', async () => {
    server.write({ '.podway/jobs/job/deployment': `${ctx.deploymentId}\n`, '.podway/jobs/job/output': '' });
    server.write({ '.podway/jobs/job/boot': '00000000-0000-0000-0000-000000000001\n' });
    expect(await view()).toMatchObject({ state: 'lost', output: '' });
  });

  it('is unknown under another id', async () => {
    await expect(view()).rejects.toMatchObject({ code: 'STATE.JOB_MISSING' });
    expect((await callScript(server, 'job-follow', '../job', 0)).code).toBe(10);
  });

  it.each([[[]], [['A=b']]])('has a program: %j', async (argv) => {
    const request = { jobId: 'job', argv, cwd: server.path, env: { 'a b': '' }, timeoutMs: 1 };
    await expect(driver.startJob(server, ctx, request)).rejects.toMatchObject({ code: 'INPUT.INVALID' });
  });
});

describe('cancelling', () => {
  it('ends the whole process group, also one that ignores TERM', async () => {
    await start(
      `trap '' TERM; sh -c 'trap "" TERM; sleep 1000; : ${server.folder}' & sleep 1000; sleep 1000`,
    );
    expect((await callScript(server, 'job-cancel', 1, ctx.deploymentId, 'job')).code).toBe(0);
    expect(await view()).toMatchObject({ state: 'exited', exitCode: 143 });
    await eventually(() => expect(processesOf(server.folder)).toEqual([]));
    expect((await callScript(server, 'job-cancel', 1, ctx.deploymentId, 'job')).code).toBe(0);
  });

  it('is part of restoring, for the jobs of that deployment alone', async () => {
    await start('sleep 1000');
    const other = context(1);
    await driver.startJob(server, other, {
      jobId: 'other',
      argv: ['sleep', '1000'],
      cwd: server.path,
      env: {},
      timeoutMs: 60_000,
    });
    await driver.restore(server, context(2, ctx.deploymentId), { fingerprint: EMPTY_FINGERPRINT });
    expect(await view()).toMatchObject({ state: 'exited', exitCode: 143 });
    expect((await driver.followJob(server, 'other', { fromByte: 0 })).state).toBe('running');
  });

  it('leaves a finished job as it is', async () => {
    await start('exit 4');
    await ended();
    await callScript(server, 'job-cancel', 1, ctx.deploymentId, 'job');
    expect(await view()).toMatchObject({ exitCode: 4 });
  });
});

it('keeps no lock while it runs', async () => {
  await start('sleep 1000');
  expect(execFileSync('flock', ['-w', '5', server.file('.podway/lock'), 'echo', 'free']).toString()).toBe(
    'free\n',
  );
});
