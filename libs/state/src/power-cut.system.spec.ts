import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../test/eventually.js';
import { LoopDisk } from '../test/loop-disk.js';
import { ulid } from '../test/tree-server.js';
import { hostScript } from './host-script.js';

const CUTS = 50;
const NAIVE_CUTS = 30;
let disk: LoopDisk;
let writer: ChildProcess;
let said = '';

beforeEach(() => {
  disk = new LoopDisk(96);
});
afterEach(async () => {
  process.kill(-(writer.pid ?? NaN), 'SIGKILL');
  // The watchdog's loop ends when nothing is armed; until then it holds the disk.
  rmSync(`${disk.mount}/site/.podway/watchdog/armed`, { force: true });
  await eventually(() => disk.remove());
});

async function startWriter(how: 'podway' | 'naive'): Promise<void> {
  const root = `${disk.mount}/site`;
  const script = `${disk.folder}/podway-host`;
  writeFileSync(script, hostScript().text);
  mkdirSync(`${root}/releases`, { recursive: true });
  const program = new URL('../test/switching-writer.sh', import.meta.url).pathname;
  said = '';
  writer = spawn(
    'sh',
    [
      '-c',
      'sh "$2" "$3" init >/dev/null; exec sh "$0" "$1" "$2" "$3" "$4"',
      program,
      how,
      script,
      root,
      ulid(),
    ],
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, PODWAY_HOST_ETC: disk.folder, PODWAY_HOST_RUN: disk.folder },
    },
  );
  writer.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await eventually(() => expect(said).toContain('begin 2'));
}

/** The last round that was begun, the last one that fed the watchdog, and the last one that was said to be live. */
function promised(): { begun: number; armed: number; done: number } {
  const last = (word: string) =>
    Number([...said.matchAll(new RegExp(`^${word} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  return { begun: last('begin'), armed: last('armed'), done: last('done') };
}

/** The round whose content every one of the 40 files has; undefined when the tree is torn. */
function liveRound(mount: string): number | undefined {
  const target = readlinkSync(`${mount}/site/current`);
  const round = Number(target.slice(-8));
  const wanted = `${round} ${'0'.repeat(6000)}\n`;
  try {
    const tree = `${mount}/site/${target}`;
    const files = readdirSync(tree, { recursive: true }).filter((name) => String(name).includes('file'));
    const whole =
      files.length === 40 &&
      files.every((name) => readFileSync(`${tree}/${String(name)}`, 'utf8') === wanted);
    return whole ? round : undefined;
  } catch {
    return undefined;
  }
}

async function cut(look: (mount: string) => void): Promise<void> {
  await pause(Math.random() * 400);
  process.kill(-(writer.pid ?? NaN), 'SIGSTOP');
  await pause(5);
  disk.afterPowerCut(look);
  process.kill(-(writer.pid ?? NaN), 'SIGCONT');
}

it(`${CUTS} power cuts: the server is wholly on the old or on the new tree, and what was promised holds`, async () => {
  await startWriter('podway');
  const rounds = new Set<number>();
  for (let i = 0; i < CUTS; i++) {
    await cut((mount) => {
      const { begun, armed, done } = promised();
      const round = liveRound(mount);
      expect(round, `torn at cut ${i}`).toBeDefined();
      expect(round).toBeGreaterThanOrEqual(done);
      expect(round).toBeLessThanOrEqual(begun);
      expect(Number(readFileSync(`${mount}/site/.podway/token`, 'utf8'))).toBeGreaterThanOrEqual(armed);
      expect(readFileSync(`${mount}/site/.podway/watchdog/armed`, 'utf8')).toMatch(/\t[0-9]+\n$/);
      rounds.add(round ?? 0);
    });
  }
  expect(rounds.size).toBeGreaterThan(CUTS / 5);
}, 180_000);

it('a naive switch is torn at least once: the cuts do cut', async () => {
  await startWriter('naive');
  let torn = 0;
  for (let i = 0; i < NAIVE_CUTS && torn === 0; i++) {
    await cut((mount) => {
      if (liveRound(mount) === undefined) torn++;
    });
  }
  expect(torn).toBeGreaterThan(0);
}, 120_000);
