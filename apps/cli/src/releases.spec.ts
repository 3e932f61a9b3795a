import { appendFile, mkdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLivePodway, type LivePodway } from '../test/live-podway.js';
import { podway as run, type Ran, type RunOptions } from '../test/run.js';

let live: LivePodway;
beforeAll(async () => {
  live = await startLivePodway();
  await writeFile(join(live.folder, 'pods.yaml'), live.inventory);
  expect((await podway('pods apply -f pods.yaml')).code).toBe(0);
  await publish('one', { 'index.html': 'The shop, one', 'old.html': 'old' });
  await publish('two', { 'index.html': 'The shop, two', 'new.html': 'new' }, ['--reason', 'spring is here']);
}, 120_000);
afterAll(() => live?.stop());

function podway(args: string | string[], options: RunOptions = {}): Promise<Ran> {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const env = { PODWAY_URL: live.url, PODWAY_KEY: live.adminKey, NO_COLOR: '1', ...options.env };
  return run(list, { cwd: live.folder, columns: 80, ...options, env });
}

async function publish(name: string, files: Record<string, string>, more: string[] = []): Promise<void> {
  const folder = join(live.folder, name);
  await mkdir(folder, { recursive: true });
  const manifest = `apiVersion: podway/v1\nname: ${name}\nversion: 1.0.0\ncomponents: [{ name: site, installer: archive }]\n`;
  for (const [path, content] of Object.entries({ 'podway.yaml': manifest, ...files }))
    await writeFile(join(folder, path), content);
  const ran = await podway(['publish', name, '--pod', 'shop', ...more]);
  expect(ran.code, ran.stderr).toBe(0);
}

/** No line is wider than a terminal of 80 columns. */
const narrow = ({ stdout }: Ran): void =>
  expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);

describe('releases', () => {
  it('are listed, of the only POD where none is named', async () => {
    for (const args of ['releases', 'releases shop', 'releases --pod shop']) {
      const ran = await podway(args);
      expect(ran.stdout).toMatch(/^2 \* +\S+ \S+ +\S+ +\+1 ~\d -1 +kept +two 1\.0\.0$/m);
      expect(ran.stdout).toMatch(/^1 .* kept +one 1\.0\.0$/m);
      narrow(ran);
    }
    expect((await podway('releases shop --pod blog')).code).toBe(2);
    expect((await podway('releases --before 2')).stdout).not.toContain('two 1.0.0');
  });

  it('are shown with all that is known, one by one', async () => {
    const ran = await podway('releases show 2');
    expect(ran.stdout).toContain('Why         spring is here');
    expect(ran.stdout).toContain('Verdict     verified');
    expect(ran.stdout).toMatch(/^~ index\.html$/m);
    expect(ran.stdout).toMatch(/^\+ new\.html$/m);
    expect(ran.stdout).toMatch(/^- old\.html$/m);
    expect((await podway('releases show 9')).stderr).toMatch(/^podway: RELEASE\.NOT_FOUND: /);
    expect((await podway('releases show x')).code).toBe(2);
    expect(JSON.parse((await podway('releases show 2 --json')).stdout)).toMatchObject({
      ...{ number: 2, reason: 'spring is here', verdict: 'verified' },
    });
  });

  it('are compared', async () => {
    const ran = await podway('diff 2 1');
    expect(ran.stdout).toMatch(/^~ index\.html$/m);
    expect(ran.stdout).toMatch(/^- new\.html\n\+ old\.html$/m);
    narrow(ran);
    const page = await podway('diff 2 1 --limit 1');
    expect(page.stdout).toMatch(/^The next page: --after '.+'$/m);
    expect(JSON.parse((await podway('diff 1 2 --json')).stdout)).toMatchObject({
      ...{ from: 1, to: 2, tree: { added: 1, removed: 1 } },
    });
    expect((await podway('diff 1 1')).stdout).toBe('No difference.\n');
    expect((await podway('diff 1 9')).code).toBe(4);
  });

  it('marked bad are not deployed again without --force', async () => {
    expect((await podway('releases mark-bad 1')).code).toBe(2);
    expect((await podway('releases mark-bad 1 --reason leaks')).stdout).toContain('is marked bad');
    expect((await podway('releases')).stdout).toMatch(/^1 .* BAD +one 1\.0\.0$/m);
    expect((await podway('releases show 1')).stdout).toMatch(/^Verdict {5}marked bad by .*: leaks$/m);
    const refused = await podway('rollback --pod shop --release 1');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/^podway: RELEASE\.MARKED_BAD: .*leaks/);
    const again = await podway('publish one --pod shop --upload whole');
    expect(again.stderr).toContain('podway: RELEASE.MARKED_BAD: ');
    expect((await podway('rollback --pod shop')).stderr).toMatch(/^podway: RELEASE\.NONE_EARLIER: /m);
    const forced = await podway('rollback --pod shop --release 1 --force --reason test');
    expect(forced.code, forced.stderr).toBe(0);
    expect((await podway('releases unmark 1')).stdout).toContain('is not marked bad');
  }, 60_000);
});

describe('drift', () => {
  it('is looked for now, told file by file, and says so with its exit code', async () => {
    const well = await podway('drift');
    expect([well.code, well.stdout]).toEqual([0, expect.stringMatching(/web2 +in-sync/)]);
    narrow(well);
    const site = join(live.folder, 'web2', await readlink(join(live.folder, 'web2', 'current')));
    await appendFile(join(site, 'index.html'), ' defaced');
    const found = await podway('drift shop');
    expect(found.code).toBe(8);
    expect(found.stdout).toMatch(/^web1 +in-sync/m);
    expect(found.stdout).toMatch(/^web2 +drifted +\+0 ~1 -0 +in rotation/m);
    expect(found.stdout).toMatch(/^ {2}~ index\.html$/m);
    narrow(found);
    const shown = await podway('drift --no-check --json');
    expect(JSON.parse(shown.stdout)).toMatchObject({ pod: 'shop', servers: [{}, { finding: 'drifted' }] });
    expect((await podway('status --pod shop')).stdout).toMatch(/^web2 .*drifted/m);
  }, 60_000);

  it('also what only reading can tell, when it is asked to look deep', async () => {
    expect((await podway('drift --deep --json')).code).toBe(8);
  });
});

describe('servers', () => {
  it('are listed with what they hold and what was found', async () => {
    const listed = await podway('servers');
    expect(listed.stdout).toMatch(/^shop +web1 +- +\d+ +[0-9a-f]{12} +in rotation +in-sync +20\d\d-/m);
    narrow(listed);
    const { servers } = JSON.parse((await podway('servers --pod shop --json')).stdout) as {
      servers: object[];
    };
    expect(servers).toMatchObject([
      { pod: 'shop', name: 'web1', inRotation: true },
      { name: 'web2', finding: 'drifted' },
    ]);
    expect((await podway('servers --pod none')).code).toBe(4);
  });

  it('are shown one by one', async () => {
    const shown = await podway('servers show web2');
    expect(shown.stdout).toMatch(/^ {2}state +drifted$/m);
    expect(shown.stdout).toMatch(/^ {2}~ index\.html$/m);
    narrow(shown);
    expect(JSON.parse((await podway('servers show web2 --pod shop --json')).stdout)).toMatchObject({
      ...{ pod: 'shop', name: 'web2', look: { finding: 'drifted', changes: { tree: { changed: 1 } } } },
    });
    expect((await podway('servers show web9')).code).toBe(2);
  });
});

describe('doctor', () => {
  it('finds nothing that keeps servers from an update', async () => {
    const ran = await podway('doctor --pod shop');
    expect([ran.code, ran.stdout]).toEqual([
      0,
      expect.stringMatching(/^web1 +\S+ +answers +\d+\.\d GiB +right +/m),
    ]);
    narrow(ran);
    expect(JSON.parse((await podway('doctor --json')).stdout)).toMatchObject({
      fit: true,
      pods: [{ pod: 'shop' }],
    });
    expect((await podway('doctor none')).code).toBe(4);
    expect((await podway('doctor --timeout 1ms')).code).toBe(7);
  });

  it('finds what does, says how to mend it, and says so with its exit code', async () => {
    await writeFile(
      join(live.folder, 'broken.yaml'),
      live.inventory
        .replace('name: shop', 'name: broken')
        .replace('shop.example', 'b.example')
        .replaceAll('/web2', '/web2/current/index.html'),
    );
    await podway('pods apply -f broken.yaml');
    const ran = await podway('doctor broken');
    expect(ran.code).toBe(8);
    expect(ran.stdout).toMatch(/^✖ error DOCTOR\.PATH_NOT_A_FOLDER on web2$/m);
    expect(ran.stdout).toMatch(/^ {2}Mend: /m);
    narrow(ran);
  });
});

describe('plan', () => {
  it('says what an update would do, and does nothing', async () => {
    await mkdir(join(live.folder, 'three'));
    const manifest = [
      'apiVersion: podway/v1',
      'name: three',
      'version: 1.0.0',
      'target: { pod: shop }',
      'components: [{ name: site, installer: archive }]',
      'prerequisites: { diskFreeMb: 10 }',
      'checks: [{ name: prices, probe: http, path: /prices }]',
      '',
    ].join('\n');
    const files = {
      'podway.yaml': manifest,
      'index.html': 'The shop, three',
      'old.html': 'old',
      'fresh.html': '!',
    };
    for (const [path, text] of Object.entries(files)) await writeFile(join(live.folder, 'three', path), text);
    const before = (await podway('status --json')).stdout;
    const ran = await podway('plan three');
    expect(ran.code, ran.stderr).toBe(0);
    // The POD is on release 1 again, as release 3.
    expect(ran.stdout).toMatch(/^ {2}POD +shop of acme, on release 3$/m);
    expect(ran.stdout).toMatch(/^ {2}canary +web[12]$/m);
    expect(ran.stdout).toMatch(/^ {2}files +1 added, 1 changed, 0 removed$/m);
    expect(ran.stdout).toMatch(/^ {2}\+ fresh\.html\n {2}~ index\.html$/m);
    expect(ran.stdout).toMatch(/^ {2}begins +at once$/m);
    expect(ran.stdout).toMatch(/^ {2}needs +diskFreeMb 10$/m);
    expect(ran.stdout).toContain('prices (bundle)');
    expect(ran.stdout).toContain('It would be accepted.');
    narrow(ran);
    expect((await podway('status --json')).stdout).toBe(before);
    expect((await podway('artifacts list --json')).stdout).not.toContain('three');
  });

  it('says what it would be refused for, with the exit code of that', async () => {
    await podway('releases mark-bad 2 --pod shop --reason leaks');
    const bad = await podway('plan two --pod shop');
    expect(bad.code).toBe(4);
    expect(bad.stderr).toMatch(/^podway: RELEASE\.MARKED_BAD: .*leaks/m);
    await podway('pause --pod shop --reason night');
    const paused = await podway('plan three --json');
    expect(JSON.parse(paused.stdout)).toMatchObject({
      waiting: { kind: 'paused' },
      refusals: [],
      release: 3,
    });
    await podway('resume --pod shop');
    await writeFile(join(live.folder, 'three', 'podway.yaml'), 'apiVersion: podway/v1\nname: X\n');
    const wrong = await podway('plan three --pod shop');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/CLI\.FILE_INVALID.*\n +line 2: name/),
    ]);
    expect((await podway('plan nothing --pod shop')).code).toBe(2);
  });
});
