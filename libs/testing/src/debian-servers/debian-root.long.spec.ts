import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually, kill, processesOf, startNode } from '../../test/machine.js';
import { cacheFolder, debianRoots } from './debian-root.js';

const build = () =>
  startNode(`
    import { debianRoots } from './dist/debian-servers/debian-root.js';
    console.log('roots', await debianRoots(['hello'], console.log));
  `);

it('is built whole or not at all, once, by one of the processes that want it', async () => {
  const [layer = '', base = ''] = await debianRoots(['hello'], console.error);
  const folder = dirname(layer);
  await rm(folder, { recursive: true });

  const killed = build();
  await eventually(() => expect(existsSync(join(cacheFolder(), 'building/root/usr'))).toBe(true));
  await kill(killed.child);
  await eventually(() => expect(processesOf(join(cacheFolder(), 'building'))).toEqual([]));
  expect(existsSync(folder)).toBe(false);

  const both = [build(), build()];
  await eventually(() => both.forEach(({ output }) => expect(output()).toContain('roots')), 120_000);
  const told = both.map(({ output }) => output());
  expect(told.filter((text) => text.includes(`built ${folder}`))).toHaveLength(1);
  expect(told.filter((text) => text.includes(`another process was first with ${folder}`))).toHaveLength(1);
  await expect(readdir(cacheFolder())).resolves.not.toContain('building');

  expect(existsSync(join(layer, 'usr/bin/hello'))).toBe(true);
  expect(existsSync(join(base, 'usr/bin/hello'))).toBe(false);
  expect(JSON.parse(readFileSync(join(folder, 'recipe.json'), 'utf8'))).toMatchObject({
    suite: 'bookworm',
    packages: ['hello'],
    lower: base,
  });
}, 180_000);

it('is the same for the same packages, in any order', async () => {
  const roots = await debianRoots(['hello'], console.error);
  expect(await debianRoots(['hello', 'hello'], () => expect.unreachable())).toEqual(roots);
});

it('says which package there is not', async () => {
  await expect(debianRoots(['podway-no-such-package'], () => undefined)).rejects.toThrow(
    'Unable to locate package podway-no-such-package',
  );
});

it('says that apt knows no mirror', async () => {
  const config = join(await mkdtemp(join(tmpdir(), 'podway-apt-')), 'apt.conf');
  await writeFile(config, 'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";\n');
  const { output } = startNode(
    `import { debianRoots } from './dist/debian-servers/debian-root.js';
     await debianRoots(['hello'], console.log).catch((error) => console.log(error.code, error.message));`,
    { APT_CONFIG: config },
  );
  await eventually(() => expect(output()).toContain('TESTING.DEBIAN_SERVERS_UNAVAILABLE'));
  expect(output()).toContain('name no mirror with bookworm main');
  await rm(dirname(config), { recursive: true });
});
