import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { btrfsServer, LOOK_AT_VOLUME, volumeVersions } from '../test/btrfs-server.js';
import { cutCall } from '../test/cut-call.js';
import { onServer } from '../test/system-folder.js';
import { context, ulid, type TreeServer } from '../test/tree-server.js';
import { before } from './part-calls.js';
import { StateSetDriver } from './state-set-driver.js';

let server: TreeServer;
beforeEach(async () => {
  server = await btrfsServer({}, 'server-1');
});
afterEach(() => server.remove());

/** What lies beside the volume, without the records. */
function hidden(): string {
  const folder = join(server.folder, '.podway-volumes');
  const names = readdirSync(folder).flatMap((part) => readdirSync(join(folder, part)));
  return names
    .filter((name) => !name.startsWith('before.'))
    .sort()
    .join(' and ');
}

it('a volume is whole after kill -9 before each command of a put', { timeout: 600_000 }, async () => {
  const data = join(server.folder, 'data');
  server.state.parts = [{ name: 'data', driver: 'volume', path: data }];
  const driver = new StateSetDriver();
  await driver.prepare(server);
  const look = () => onServer(server, server.folder, LOOK_AT_VOLUME);
  const ids = [ulid(), ulid()] as const;
  const looks: string[] = [];
  for (const [index, version] of (['old', 'new'] as const).entries()) {
    await onServer(server, server.folder, volumeVersions[version]);
    looks.push(await look());
    await driver.snapshot(server, context(1, ids[index]), { watchdogMs: 600_000 });
  }
  const put = (which: number, at: number) => {
    const options = ['-p', 'data', 'volume', '-o', 'path', data, '--'];
    const id = ids[which] ?? '';
    return cutCall(
      server,
      { at, whom: at % 2 ? 'group' : 'shell' },
      ...['part-put', ...options, 1, id, 'data', before(id), 'restore'],
    );
  };

  let live = 1;
  const found = new Map<string, number>();
  /** Cuts a put of the other state at this command, then looks, then does it whole or goes back. */
  const cut = async (at: number): Promise<string> => {
    const wanted = 1 - live;
    await put(wanted, at);
    const state = `${existsSync(data) ? 'there' : 'missing'}, ${hidden() || 'nothing'} beside`;
    found.set(state, (found.get(state) ?? 0) + 1);
    if (existsSync(data)) expect(looks).toContain(await look());
    // Whatever is called next finds what was there before.
    if (!existsSync(data)) {
      await driver.snapshot(server, context(1), { watchdogMs: 600_000 });
      expect(await look(), `recorded after ${at}`).toBe(looks[live]);
    }
    const goal = at % 3 === 0 ? live : wanted;
    expect((await put(goal, 0)).code, `at ${at}, ${state}`).toBe(0);
    expect(await look(), `at ${at}, ${state}`).toBe(looks[goal]);
    expect(hidden()).toBe('');
    live = goal;
    return state;
  };

  // First far apart, to find where it changes something; then at each command.
  let first = 1;
  while ((await cut(first)) === 'there, nothing beside') first += 20;
  for (let at = first - 60; at < first + 40; at += 1) await cut(at);
  expect([...found.keys()].sort()).toEqual([
    'missing, new and old beside',
    'there, new beside',
    'there, nothing beside',
    'there, old beside',
  ]);
});
