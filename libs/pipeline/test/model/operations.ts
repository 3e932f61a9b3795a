import type { Crash } from './coordinator.js';
import type { Luck } from './workers.js';
import type { World } from './world.js';

type Operation = (world: World, n: number) => void;

/** One in sixteen goes badly. */
const luckOf = (n: number): Luck => (n & 0xf000 ? 'good' : n & 0x0800 ? 'bad-before' : 'bad-after');
const crashing =
  (crash: Crash): Operation =>
  (world, n) =>
    n & 0x7000 ? world.deliver(n & 0xfff, crash) : void world.wait(crash);

/** What can happen, and how often. The first is nothing: what a failing sequence shrinks towards. */
const weighted: readonly [number, Operation][] = [
  [1, () => {}],
  [3, (world, n) => world.submit(n)],
  [30, (world) => world.deliver(0)],
  [8, (world, n) => world.deliver(n)],
  [30, (world, n) => world.perform(n & 0x400 ? n & 0x3ff : 0, luckOf(n))],
  [10, (world, n) => void world.start(n & 0x7ff, luckOf(n))],
  [14, (world, n) => world.step(n)],
  [2, (world, n) => world.kill(n)],
  [2, (world, n) => world.progress(n)],
  [6, (world, n) => world.duplicateCommand(n)],
  [1, (world, n) => world.loseCommand(n)],
  [3, (world, n) => world.duplicateOutcome(n)],
  [1, (world, n) => world.loseOutcome(n)],
  [1, (world, n) => (n & 0x8000 ? world.poll(n) : world.abort(n))],
  [2, (world, n) => world.approve(n)],
  [2, (world, n) => (n & 0xc000 ? world.retry(n) : world.supersede(n))],
  [1, (world, n) => world.cut(n)],
  [1, (world) => void world.wait()],
  // Where all wait for each other, deadlines pass more seldom than elsewhere.
  [1, (world) => void world.wait('none', 'AwaitingCanaries')],
  [3, (world) => world.relay()],
  [1, crashing('before commit')],
  [1, crashing('before publish')],
  [1, crashing('after publish')],
  [1, crashing('before ack')],
];

const table = weighted.flatMap(([weight, operation]) => Array.from({ length: weight }, () => operation));

/** Numbers below this one name all operations with their arguments. */
export const OPERATIONS = table.length * 0x10000;

/** Does what the number says, and looks whether all promises are kept. */
export function operate(world: World, code: number): void {
  table[code % table.length]!(world, Math.floor(code / table.length));
  world.check();
}
