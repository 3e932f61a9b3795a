import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLivePodway, type LivePodway } from '../test/live-podway.js';
import { podway as run, temporaryFolder, type Ran, type RunOptions } from '../test/run.js';

let live: LivePodway;
let publisher: string;

beforeAll(async () => {
  live = await startLivePodway();
}, 120_000);
afterAll(() => live.stop());

/** As the admin, unless the environment says otherwise. */
function podway(args: string, options: RunOptions = {}): Promise<Ran> {
  const env = { PODWAY_URL: live.url, PODWAY_KEY: live.adminKey, NO_COLOR: '1', ...options.env };
  return run(args.split(' ').filter(Boolean), { cwd: live.folder, ...options, env });
}

function asPublisher(args: string, options: RunOptions = {}): Promise<Ran> {
  return podway(args, { ...options, env: { PODWAY_KEY: publisher, ...options.env } });
}

/** A folder to publish, with this text on its front page and these files besides. */
async function site(name: string, front: string, files: Record<string, string> = {}): Promise<string> {
  const folder = join(live.folder, name);
  await mkdir(folder, { recursive: true });
  const manifest = [
    'apiVersion: podway/v1',
    `name: ${name}`,
    'version: 1.0.0',
    'components: [{ name: site, installer: archive }]',
    '',
  ].join('\n');
  for (const [path, content] of Object.entries({ 'podway.yaml': manifest, 'index.html': front, ...files })) {
    await writeFile(join(folder, path), content);
    await utimes(join(folder, path), 1_700_000_000, 1_700_000_000);
  }
  return name;
}

interface Listed {
  id: string;
  state: string;
  label: string;
}

async function listed(): Promise<Listed[]> {
  const { stdout } = await podway('status --json');
  return (JSON.parse(stdout) as { deployments: Listed[] }).deployments;
}

/** State of the newest deployment of a site, or undefined before it is taken up. */
async function stateOf(name: string): Promise<string | undefined> {
  return (await listed()).find(({ label }) => label === `${name} 1.0.0`)?.state;
}

describe('an inventory', () => {
  it('is applied and listed', async () => {
    expect((await podway('pods list')).stdout).toContain('No PODs yet.');
    await writeFile(join(live.folder, 'pods.yaml'), live.inventory);
    const applied = await podway('pods apply -f pods.yaml');
    expect(applied).toMatchObject({ code: 0, stderr: '' });
    expect(applied.stdout).toMatch(/^shop\s+added\s+1$/m);
    const { stdout } = await podway('pods list --json');
    expect(JSON.parse(stdout)).toMatchObject({ pods: [{ name: 'shop', serverCount: 2 }] });
  });
});

describe('keys', () => {
  it('are made, used and revoked', async () => {
    const made = await podway('keys create --client acme --role publisher --note ci');
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^pw_[a-z0-9]{12}_[A-Za-z0-9_-]{43}\n$/);
    publisher = made.stdout.trim();
    const viewer = (await podway('keys create --client acme --role viewer')).stdout.trim();
    const env = { PODWAY_KEY: viewer };
    expect((await podway('pods list', { env })).code).toBe(0);
    const refused = await podway('rollback --pod shop', { env });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('podway: AUTH.NOT_ALLOWED: ');
    expect((await podway(`keys revoke ${viewer.slice(3, 15)} --yes`)).stdout).toContain('is revoked');
    const gone = await podway('pods list', { env });
    expect([gone.code, gone.stdout]).toEqual([3, '']);
    expect(gone.stderr).toContain('podway: AUTH.INVALID_KEY: ');
  });
});

describe('publish', () => {
  it('follows a good update stage by stage', async () => {
    const folder = await site('good', 'The shop, first');
    const ran = await asPublisher(`publish ${folder} --pod shop`);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/^good 1\.0\.0 is accepted for POD shop: deployment [0-9A-Z]{26}$/m);
    for (const stage of ['Authenticating', 'Snapshotting', 'Installing', 'Replicating', 'Succeeded']) {
      expect(ran.stderr).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${stage} `, 'm'));
    }
    expect(ran.stdout).toMatch(/^✔ Succeeded as release 1 after /);
    expect(ran.stdout).toMatch(/web1 .*switched/);
    expect(ran.stdout).toMatch(/web2 .*switched/);
  }, 60_000);

  it('gives JSON and nothing else on standard output', async () => {
    const ran = await asPublisher(
      `publish ${await site('json', 'The shop, as JSON')} --pod shop --json --label L`,
    );
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ state: 'Succeeded', label: 'L', release: 2 });
  }, 60_000);

  it('tells a terminal each stage as it ends, within its columns', async () => {
    const folder = await site('terminal', 'The shop, on a terminal');
    const ran = await asPublisher(`publish ${folder} --pod shop`, { columns: 80 });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/✔ Installing {10}\d+\.\d s\n/);
    // What is shown of a line is what comes after the last return to its beginning.
    const shown = (ran.stdout + ran.stderr)
      .split('\n')
      .flatMap((line) => line.split('\r'))
      .map((line) => line.replaceAll('\u001b[2K', ''));
    expect(shown.filter((line) => [...line].length > 80)).toEqual([]);
    expect(ran.stdout).not.toContain('\u001b[3');
  }, 60_000);

  it('says with its exit code that an update was rolled back, and why', async () => {
    const ran = await asPublisher(`publish ${await site('broken', 'Out of order')} --pod shop`);
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(/^↩ RolledBack after /);
    expect(ran.stderr).toMatch(/^podway: VERIFICATION\.FAILED: web\d: /m);
    const logs = await asPublisher('logs --pod shop --level error');
    expect(logs.stdout).toMatch(/^\d\d:\d\d:\d\d web\d http GET \/: error: failed after \d+ ms: /m);
  }, 60_000);

  it('returns at once with --no-wait', async () => {
    const ran = await asPublisher(
      `publish ${await site('quick', 'The shop, quick')} --pod shop --no-wait --json`,
    );
    expect(ran.code).toBe(0);
    const update = JSON.parse(ran.stdout) as { deploymentId: string };
    await expect.poll(() => stateOf('quick'), { timeout: 30_000 }).toBe('Succeeded');
    expect((await listed())[0]?.id).toBe(update.deploymentId);
  }, 60_000);

  it.each(['--timeout 1ms', 'Ctrl-C'])(
    'stops waiting by %s; the update goes on',
    async (by) => {
      const name = await site(by === 'Ctrl-C' ? 'interrupted' : 'timed', `The shop, ${by}`);
      const interrupt = new AbortController();
      const running = asPublisher(`publish ${name} --pod shop ${by === 'Ctrl-C' ? '' : by}`, {
        interrupted: interrupt.signal,
      });
      if (by === 'Ctrl-C') {
        await expect.poll(() => stateOf(name), { interval: 5, timeout: 20_000 }).toBeDefined();
        interrupt.abort();
      }
      const ran = await running;
      expect(ran.code).toBe(7);
      expect(ran.stderr).toContain('podway: SDK.WAIT_ENDED: ');
      await expect.poll(() => stateOf(name), { timeout: 30_000 }).toBe('Succeeded');
    },
    60_000,
  );

  it.each([
    ['publish good --pod nowhere', 4, 'POD.NOT_FOUND'],
    ['publish good', 4, 'UPDATE.NO_TARGET'],
    ['publish nothing --pod shop', 2, 'SDK.CANNOT_PACK'],
    ['publish good --pod shop --timeout soon', 2, 'CLI.USAGE'],
    ['publish good --pod shop --what', 2, 'CLI.USAGE'],
  ])('%s -> %i %s', async (args, code, errorCode) => {
    const ran = await asPublisher(args);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(`podway: ${errorCode}: `);
  });

  it('refuses a bundle that is none', async () => {
    const folder = await site('empty', '');
    await writeFile(join(live.folder, folder, 'podway.yaml'), 'apiVersion: podway/v1\nname: X\n');
    const ran = await asPublisher(`publish ${folder} --pod shop`);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('podway: BUNDLE.MANIFEST_INVALID: ');
    expect(ran.stderr).toContain('Nothing was kept.');
  });
});

describe('looking', () => {
  it('shows deployments, one, and a POD', async () => {
    const all = await podway('status');
    expect(all.stdout).toMatch(/^DEPLOYMENT +POD +STATE +SUBMITTED +UPDATE$/m);
    const id = (await listed())[0]?.id;
    const one = await podway(`status ${id}`);
    expect(one.stdout).toMatch(/^stages$/m);
    expect(one.stdout).toMatch(/Replicating +\d+\.\d s +VerificationPassed/);
    const pod = await podway('status --pod shop');
    expect(pod.stdout).toMatch(/^web1 +\d+ +[0-9a-f]{12} +in rotation/m);
    expect((await podway('releases --pod shop')).stdout).toMatch(/^1 +.*good 1\.0\.0$/m);
    expect(await podway('status 01HZZZZZZZZZZZZZZZZZZZZZZZ')).toMatchObject({ code: 4, stdout: '' });
  });

  it('fits into 80 columns', async () => {
    const id = (await listed())[0]?.id;
    for (const args of [
      'status',
      `status ${id}`,
      'status --pod shop',
      'releases --pod shop',
      'pods list',
      '--help',
    ]) {
      const { stdout } = await podway(args, { columns: 80 });
      expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
    }
  });

  it('prints past events and ends', async () => {
    const ran = await podway('events --type io.podway.deployment.changed.v1 --json');
    expect(ran.code).toBe(0);
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { sequence: string; type: string });
    expect(events.length).toBeGreaterThan(20);
    const sequences = events.map((one) => Number(one.sequence));
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    const later = await podway(`events --after ${sequences.at(-1)} --type io.podway.deployment.changed.v1`);
    expect(later).toMatchObject({ code: 0, stdout: '' });
    expect((await podway('events --pod none')).stdout).toBe('');
  });

  it('follows events until it is interrupted', async () => {
    const stop = new AbortController();
    const following = podway('events --follow --after 0', { interrupted: stop.signal });
    setTimeout(() => stop.abort(), 500);
    const ran = await following;
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^ +1 \S+Z acme\/shop update\.submitted$/m);
  });

  it('lists dead letters and puts them back', async () => {
    expect((await podway('dead-letters list')).stdout).toBe('No dead letters.\n');
    expect((await podway('dead-letters replay --json')).stdout).toBe('{\n  "replayed": 0\n}\n');
    expect((await asPublisher('dead-letters list')).code).toBe(3);
  });
});

describe('going back and stopping', () => {
  it('goes back to a release', async () => {
    const ran = await asPublisher('rollback --pod shop --release 1');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^✔ Succeeded as release \d+/);
    expect((await podway('releases --pod shop')).stdout).toMatch(/back to release 1$/m);
    expect(await asPublisher('rollback --pod shop --release 99')).toMatchObject({ code: 4 });
    expect(await asPublisher('rollback --pod shop --release 0')).toMatchObject({ code: 2 });
  }, 60_000);

  it('stops a deployment, and not one that is over', async () => {
    const folder = await site('stopped', 'Out of order: the probe takes its time over this one');
    const running = asPublisher(`publish ${folder} --pod shop`);
    let aborted: Ran | undefined;
    await expect
      .poll(
        async () => {
          const [{ id, state }] = (await listed()) as [Listed];
          if (state !== 'Installing' && state !== 'Verifying' && state !== 'Snapshotting') return false;
          aborted = await asPublisher(`abort ${id} --reason second-thoughts`);
          return aborted.code === 0;
        },
        { interval: 1, timeout: 20_000 },
      )
      .toBe(true);
    expect(aborted?.stdout).toContain('is asked to stop');
    expect((await running).code).toBe(5);
    const over = await asPublisher(`abort ${(await listed())[0]?.id}`);
    expect(over.code).toBe(4);
    expect(over.stderr).toContain('podway: DEPLOYMENT.FINISHED: ');
  }, 60_000);
});

describe('where to and who', () => {
  it('takes the key that a local all-in-one leaves', async () => {
    expect(await run(['pods', 'list', '--url', live.url], { cwd: live.folder })).toMatchObject({ code: 0 });
    const elsewhere = await temporaryFolder();
    const none = await run(['pods', 'list', '--url', live.url], { cwd: elsewhere });
    await rm(elsewhere, { recursive: true });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain(`podway: CLI.NO_KEY: There is no API key for ${live.url}`);
  });

  it.each([
    ['pods list', { PODWAY_KEY: 'wrong' }, 3, 'AUTH.INVALID_KEY', 'Check --key'],
    ['status nothing', {}, 4, 'DEPLOYMENT.NOT_FOUND', 'podway status'],
    ['publish . --pod', {}, 2, 'CLI.USAGE', undefined],
  ])('tells errors of `%s` as JSON, for programs', async (args, env, code, error, hint) => {
    const ran = await podway(`--json ${args}`, { env });
    expect(ran).toMatchObject({ code, stdout: '' });
    expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: error, problems: [] } });
    if (hint) expect((JSON.parse(ran.stderr) as { error: { hint: string } }).error.hint).toContain(hint);
  });

  it('never sends it elsewhere', async () => {
    const ran = await run(['pods', 'list', '--url', 'http://podway.example'], { cwd: live.folder });
    expect(ran.stderr).toContain('podway: CLI.NO_KEY: ');
  });

  it('takes options before and after the command', async () => {
    const before = await run(['--url', live.url, '--key', live.adminKey, '--json', 'pods', 'list']);
    const after = await run(['pods', 'list', '--url', live.url, '--key', live.adminKey, '--json']);
    expect(before).toEqual(after);
    expect(JSON.parse(after.stdout)).toMatchObject({ pods: [{ name: 'shop' }] });
  });
});

describe('ways to send a folder', () => {
  it.each(['whole', 'resumable', 'difference'])(
    'sends it %s, and tells how much that was',
    async (way) => {
      const folder = await site(`way-${way}`, `The shop, ${way}`);
      const ran = await asPublisher(`publish ${folder} --pod shop --json --no-wait --upload ${way}`);
      expect(ran.code, ran.stderr).toBe(0);
      const { upload, deploymentId } = JSON.parse(ran.stdout);
      expect(upload).toMatchObject({ way, bytesSent: expect.any(Number), bundleBytes: expect.any(Number) });
      expect(upload.bytesSent).toBeGreaterThan(100);
      expect(ran.stderr).toMatch(/^Sent \d+\.\d MB \(\d+ % of the bundle\), /m);
      const state = async (): Promise<string> =>
        JSON.parse((await asPublisher(`status ${deploymentId} --json`)).stdout).state;
      await expect.poll(state, { timeout: 30_000 }).toBe('Succeeded');
    },
    60_000,
  );

  it('sends only what changed, without being told to', async () => {
    const big = 'x'.repeat(200_000) + Math.random();
    const folder = await site('changing', 'The shop, before', { 'big.txt': big });
    await asPublisher(`publish ${folder} --pod shop --no-wait`);
    await site('changing', 'The shop, after', { 'big.txt': big });
    const ran = await asPublisher(`publish ${folder} --pod shop --json --no-wait`);
    const { upload } = JSON.parse(ran.stdout);
    expect(upload.way).toBe('difference');
    expect(upload.bytesSent).toBeLessThan(upload.bundleBytes / 20);
  }, 60_000);
});

describe('quotas and artifacts', () => {
  it('are shown to the client and set by an operator', async () => {
    const before = JSON.parse((await asPublisher('quotas show acme --json')).stdout);
    expect(before).toMatchObject({ client: 'acme', used: { artifacts: expect.any(Number) } });
    expect((await asPublisher('quotas show rival')).code).toBe(4);
    expect((await asPublisher('quotas set acme --bytes 1GiB')).code).toBe(3);
    const set = await podway('quotas set acme --bytes 20GiB --open-uploads 7 --json');
    expect(JSON.parse(set.stdout).limits).toMatchObject({ bytes: 20 * 1024 ** 3, openUploads: 7 });
    expect((await podway('quotas set acme --bytes many')).code).toBe(2);
  });

  it('are listed, and collected by an operator', async () => {
    expect((await asPublisher('artifacts collect')).code).toBe(3);
    const dry = await podway('artifacts collect --dry-run --json');
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, busy: false, artifacts: [] });
    expect((await podway('artifacts collect')).stdout).toMatch(
      /^0 artifacts of 0 bytes and 0 uploads were removed/,
    );
  });
});
