import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartCommands, StatePart } from '@podway/contracts';
import { commandPart } from '../test/command-kit.js';
import { keepsThePromiseOfParts } from '../test/part-contract.js';
import { onServer, systemFolder } from '../test/system-folder.js';
import { context, treeServer, type TreeServer } from '../test/tree-server.js';
import { StateSetDriver } from './state-set-driver.js';

const system = systemFolder();
/** Stands for a store that all servers reach. */
const store = systemFolder();

// With a store that all servers reach, and with send and take: parts.long.spec.ts.
keepsThePromiseOfParts('command with tar', () =>
  Promise.resolve(commandPart('app', system.path, store.path)),
);

describe('command', () => {
  const driver = new StateSetDriver();
  const watchdog = { watchdogMs: 600_000 };
  let server: TreeServer;

  beforeEach(async () => {
    server = await treeServer({}, { mounts: { [system.path]: 'system' } });
  });
  afterEach(() => server.remove());

  const sh = (script: string) => ['sh', '-c', script];
  /** Programs that keep one file; `changes` are their replacements. */
  async function uses(changes: Partial<PartCommands>, timeoutMs?: number): Promise<void> {
    const file = join(system.path, 'file');
    const commands = {
      fingerprint: ['cat', file],
      snapshot: ['cp', file, 'copy'],
      restore: ['cp', 'copy', file],
      ...changes,
    };
    const part: StatePart = { name: 'one', driver: 'command', commands, timeoutMs };
    server.state.parts = [part];
    await onServer(server, system.path, 'echo one >"$1/file"');
    await driver.prepare(server);
  }
  const snapshot = () => driver.snapshot(server, context(1), watchdog);

  it('is refused where a program is missing', async () => {
    await expect(uses({ drop: ['no-such-program'] })).rejects.toMatchObject({
      code: 'STATE.TOOL_MISSING',
      message: expect.stringContaining('no-such-program') as string,
    });
  });

  it.each<[keyof PartCommands, string[], string]>([
    ['fingerprint', sh('echo half; echo cannot ask >&2; exit 4'), 'ended with status 4: cannot ask'],
    ['snapshot', sh('echo starting; echo the store is full >&2; exit 8'), 'status 8: the store is full'],
    ['snapshot', sh('kill -9 $$'), 'ended with status 137'],
  ])('tells how the program for %s failed: %j', async (what, program, told) => {
    await uses({ [what]: program });
    await expect(snapshot()).rejects.toMatchObject({
      code: 'STATE.PART_FAILED',
      message: expect.stringMatching(new RegExp(`program for ${what} .*${told}`)) as string,
    });
    expect(readdirSync(server.file('.podway/parts/one/records')).join()).not.toMatch(/^before\.\w+$/);
  });

  it('believes no program for restore: the fingerprint decides', async () => {
    await uses({ restore: ['true'] });
    const ctx = context(1);
    const before = await driver.snapshot(server, ctx, watchdog);
    await onServer(server, system.path, 'echo two >"$1/file"');
    await expect(driver.restore(server, ctx, before)).rejects.toMatchObject({
      code: 'STATE.FINGERPRINT_MISMATCH',
    });
  });

  it('ends a program that takes too long, with all that it started', async () => {
    await uses({ snapshot: sh('sleep 600 & sleep 600; true') }, 1_000);
    await expect(snapshot()).rejects.toMatchObject({
      code: 'STATE.PART_FAILED',
      message: expect.stringContaining('took longer than 1000 ms') as string,
    });
    // Nobody holds the parts any more.
    await uses({});
    await snapshot();
  });

  it('gives arguments as they are, and says which record it is', async () => {
    const odd = ['', ' $HOME `id` "q" \'s\' \t* \\ ', '{record}-{record}', '-o', ''];
    const tell =
      'printf "<%s>" "$@" "$PODWAY_RECORD" "$PODWAY_PART" "$PODWAY_POD_PATH" "${PWD##*/}" "${LC_ALL-}" >&2';
    await uses({ snapshot: [...sh(`${tell}; exit 3`), 'sh', ...odd] });
    const ctx = context(1);
    const failure = (await driver.snapshot(server, ctx, watchdog).catch((error: unknown) => error)) as Error;
    const record =
      new RegExp(`<(before\\.${ctx.deploymentId}\\.[0-9a-f]{12})>`).exec(failure.message)?.[1] ?? '';
    const told = ['', ' $HOME `id` "q" \'s\' * \\ ', `${record}-${record}`, '-o', '', record];
    const wanted = [...told, 'one', server.path, 'files', ''].map((word) => `<${word}>`).join('');
    // A tab would end the field of the answer.
    expect(failure.message.replaceAll(/[\t ]+/g, ' ')).toContain(wanted);
  });

  it('tries again to drop what could not be dropped', async () => {
    await uses({
      snapshot: ['cp', join(system.path, 'file'), join(system.path, '{record}')],
      restore: ['cp', join(system.path, '{record}'), join(system.path, 'file')],
      drop: ['rmdir', join(system.path, '{record}')],
    });
    for (const token of [1, 2]) await update(token);
    const kept = await onServer(server, system.path, 'ls "$1"');
    expect(kept.match(/^before/gm)).toHaveLength(2);
    server.state.parts = server.state.parts?.map((part) => ({
      ...part,
      commands: part.commands && { ...part.commands, drop: ['rm', join(system.path, '{record}')] },
    }));
    await update(3);
    expect((await onServer(server, system.path, 'ls "$1"')).match(/^before/gm)).toHaveLength(1);
  });

  async function update(token: number): Promise<void> {
    const ctx = context(token);
    await driver.snapshot(server, ctx, watchdog);
    await onServer(server, system.path, `echo ${token} >"$1/file"`);
    const { dir } = await driver.beginStage(server, ctx, { copy: 'link' });
    const made = await driver.commitStage(server, ctx, { dir, treeId: ctx.deploymentId });
    const release = { treeId: ctx.deploymentId, ...made };
    await driver.switchTo(server, ctx, release);
    await driver.disarmWatchdog(server, ctx.deploymentId);
    await driver.complete(server, ctx, release);
  }
});
