import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { startLivePodway, type LivePodway } from '../test/live-podway.js';
import { podway as run, type Ran } from '../test/run.js';

let live: LivePodway;
let publisher: string;

function podway(args: string, key = live.adminKey): Promise<Ran> {
  const env = { PODWAY_URL: live.url, PODWAY_KEY: key, NO_COLOR: '1' };
  return run(args.split(' ').filter(Boolean), { cwd: live.folder, env });
}

/** Applies the inventory with signatures required or not. */
async function apply(signatures: 'required' | 'optional'): Promise<void> {
  const file = parse(live.inventory) as { pods: object[] };
  const pods = file.pods.map((one) => ({ ...one, policy: { signatures } }));
  await writeFile(join(live.folder, 'pods.yaml'), stringify({ ...file, pods }));
  expect(await podway('pods apply -f pods.yaml')).toMatchObject({ code: 0 });
}

async function site(text: string): Promise<void> {
  await mkdir(join(live.folder, 'site'), { recursive: true });
  const manifest =
    'apiVersion: podway/v1\nname: site\nversion: "1"\ncomponents: [{ name: site, installer: archive }]\n';
  for (const [name, content] of [
    ['podway.yaml', manifest],
    ['index.html', `The shop ${text}`],
  ] as const) {
    await writeFile(join(live.folder, 'site', name), content);
    await utimes(join(live.folder, 'site', name), 1_700_000_000, 1_700_000_000);
  }
}

beforeAll(async () => {
  live = await startLivePodway();
  await apply('optional');
  publisher = (await podway('keys create --client acme --role publisher')).stdout.trim();
}, 120_000);
afterAll(() => live.stop());

describe('signing keys', () => {
  it('are made here: the private one is the owner’s alone, the public one is Podway’s', async () => {
    const made = await podway('signing-keys create --client acme --out acme.pem --note build');
    expect(made.code).toBe(0);
    const id = made.stdout.trim();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const file = join(live.folder, 'acme.pem');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const { signingKeys } = JSON.parse((await podway('signing-keys list --json', publisher)).stdout) as {
      signingKeys: object[];
    };
    expect(signingKeys).toMatchObject([{ id, client: 'acme', note: 'build' }]);
    expect(JSON.stringify(signingKeys)).not.toContain('PRIVATE');
  });

  it('are not made over a file that is there, nor left behind when Podway refuses', async () => {
    const before = await readFile(join(live.folder, 'acme.pem'), 'utf8');
    const over = await podway('signing-keys create --client acme --out acme.pem');
    expect([over.code, over.stderr]).toEqual([2, expect.stringContaining('CLI.FILE_INVALID')]);
    expect(await readFile(join(live.folder, 'acme.pem'), 'utf8')).toBe(before);
    expect((await podway('signing-keys create --client acme --out new.pem', publisher)).code).toBe(3);
    await expect(stat(join(live.folder, 'new.pem'))).rejects.toThrow('ENOENT');
    expect((await podway('signing-keys list')).stdout.match(/acme/g)).toHaveLength(1);
  });

  it('are added by their public part only, and revoked by the beginning of their id', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    await writeFile(join(live.folder, 'public.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    await writeFile(join(live.folder, 'private.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const refused = await podway('signing-keys add private.pem --client acme');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('private key')]);
    const added = await podway('signing-keys add public.pem --client acme --expires 2100-01-01T00:00:00Z');
    expect(added.code).toBe(0);
    expect((await podway('signing-keys list')).stdout).toContain('until 2100-01-01');
    const revoked = await podway(`signing-keys revoke ${added.stdout.slice(0, 16)} --yes`);
    expect(revoked.stdout).toContain(`${added.stdout.trim()} is revoked`);
    expect((await podway('signing-keys list')).stdout).toContain('revoked');
    expect((await podway('signing-keys revoke ffff --yes')).stderr).toContain('SIGNING_KEY.NOT_FOUND');
  });
});

describe('a signed update', () => {
  const published = async (args: string): Promise<{ code: number; sequence?: number; error: string }> => {
    const ran = await podway(`publish site --pod shop --no-wait --json ${args}`, publisher);
    const update = ran.code === 0 ? (JSON.parse(ran.stdout) as { sequence?: number }) : {};
    return { code: ran.code, error: ran.stderr, ...update };
  };

  it('goes all the way', async () => {
    await site('first');
    const ran = await podway('publish site --pod shop --sign acme.pem', publisher);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('Succeeded as release 1')]);
  }, 60_000);

  it('takes the next sequence, or the one that is given, and none that was used', async () => {
    await site('second');
    expect(await published('--sign acme.pem')).toMatchObject({ code: 0, sequence: 2 });
    expect(await published('--sign acme.pem --sequence 10 --expires 5m')).toMatchObject({
      code: 0,
      sequence: 10,
    });
    const used = await published('--sign acme.pem --sequence 10');
    expect([used.code, used.error]).toEqual([4, expect.stringContaining('SIGNATURE.SEQUENCE_USED')]);
    expect(await published('--sign acme.pem')).toMatchObject({ code: 0, sequence: 11 });
    const far = await published('--sign acme.pem --expires 1000h');
    expect([far.code, far.error]).toEqual([4, expect.stringContaining('SIGNATURE.EXPIRY_TOO_FAR')]);
  });

  it.each([
    ['publish site --sign acme.pem', 'needs --pod'],
    ['publish site --pod shop --expires 1h', 'for --sign'],
    ['rollback --pod shop --sign acme.pem', 'needs --release'],
    ['rollback --pod shop --sign acme.pem --release 99', 'has no release 99'],
    ['publish site --pod shop --sign nothing.pem', 'CLI.FILE_INVALID'],
    ['publish site --pod shop --sign site/index.html', 'CLI.FILE_INVALID'],
    ['publish site --pod shop --sign public.pem', 'CLI.FILE_INVALID'],
  ])('%s: %s', async (args, text) => {
    const ran = await podway(args, publisher);
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining(text)]);
  });

  it('is all that a POD takes that wants them, going back too', async () => {
    await apply('required');
    const unsigned = await published('');
    expect([unsigned.code, unsigned.error]).toEqual([4, expect.stringContaining('SIGNATURE.REQUIRED')]);
    expect((await podway('rollback --pod shop --release 1', publisher)).code).toBe(4);
    const back = await podway('rollback --pod shop --release 1 --sign acme.pem', publisher);
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('Succeeded')]);
  }, 60_000);
});

describe('the audit log', () => {
  it('is listed, by client and action', async () => {
    const { stdout } = await podway('audit list --client acme --action publishUpdate');
    expect(stdout).toMatch(/accepted +pod\/shop/);
    expect(stdout).toMatch(/refused +SIGNATURE/);
    expect(stdout).not.toContain('createKey');
    expect((await podway('audit list', publisher)).code).toBe(3);
  });

  it('is verified against a head, here and from an export', async () => {
    const head = (await podway('audit head')).stdout.trim();
    expect(head).toMatch(/^\d+:[0-9a-f]{64}$/);
    expect(await podway('audit verify')).toMatchObject({ code: 0, stdout: expect.stringContaining(head) });
    expect((await podway(`audit verify --head ${head}`)).code).toBe(0);
    const wrong = head.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    expect((await podway(`audit verify --head ${wrong}`)).code).toBe(1);

    const { stdout } = await podway('audit export');
    const check = async (lines: readonly string[], args = ''): Promise<Ran> => {
      await writeFile(join(live.folder, 'export.jsonl'), lines.join('\n'));
      const surroundings = { cwd: live.folder, env: { NO_COLOR: '1' } };
      return run(`audit verify --file export.jsonl ${args}`.trim().split(' '), surroundings);
    };
    const lines = stdout.trim().split('\n');
    expect(await check(lines, `--head ${head}`)).toMatchObject({ code: 0 });
    expect((await check(lines.slice(0, -1))).code).toBe(0);
    expect((await check(lines.slice(0, -1), `--head ${head}`)).stdout).toContain('is broken');
    const changed = lines.map((line, index) => (index === 2 ? line.replace('acme', 'rival') : line));
    const broken = await check(changed);
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringContaining('broken at record 3')]);
    const unreadable = await check([...lines.slice(0, 2), '{']);
    expect([unreadable.code, unreadable.stderr]).toEqual([2, expect.stringContaining('line 3')]);
    expect((await podway('audit verify --head nonsense')).code).toBe(2);
  });
});
